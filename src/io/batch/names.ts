/**
 * The peers' addresses as the kernel reads them, all in one piece of memory: an array for each of thousands of transfers
 * would cost ten times the room, and a look at slow memory for every block.
 */
import type { Peer } from '../../endpoint/contract.ts'
import { NAME_WORDS } from '../native/messages.ts'
import { SOCKADDR } from '../native/linux.ts'
import type { Native } from '../native/linux.ts'
import { writeSockaddr } from '../native/sockaddr.ts'

const FIRST_CAPACITY = 64

export class Names {
  /** A sockaddr begins where `add` said. Replaced when it grows. */
  words = new Uint32Array(FIRST_CAPACITY * NAME_WORDS)
  readonly #native: Native
  readonly #bytes = new Uint8Array(SOCKADDR.bytes)
  readonly #asWords = new Uint32Array(this.#bytes.buffer)
  readonly #free: number[] = []
  #end = 0

  constructor(native: Native) {
    this.#native = native
  }

  /** Returns the word where the sockaddr of `peer` begins. */
  add(peer: Peer): number {
    writeSockaddr(this.#native, this.#bytes, peer.address, peer.port)
    const at = this.#free.pop() ?? this.#next()
    this.words.set(this.#asWords, at)
    return at
  }

  /** What began at `at` is not needed any more. */
  drop(at: number): void {
    this.#free.push(at)
  }

  #next(): number {
    const at = this.#end
    this.#end += NAME_WORDS
    if (this.#end > this.words.length) {
      const larger = new Uint32Array(2 * this.words.length)
      larger.set(this.words)
      this.words = larger
    }
    return at
  }
}
