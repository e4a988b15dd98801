/** A record of the datagrams that had no place in a transfer, for the message that says why it failed. */
import { HEADER_BYTES, OPCODE, readBlock, readOpcode } from '../packet/index.ts'

/** A peer that sends noise can send any number of kinds; this many are named. */
const MAX_KINDS = 4
const MAX_PORTS = 3

/** Counts and describes odd datagrams. Bounded, and it allocates for the first few only. */
export class Oddities {
  count = 0
  /** What was seen, each kind as one number (`kindOf`), with how often. */
  readonly #kinds: number[] = []
  readonly #counts: number[] = []
  #otherKinds = 0
  readonly #ports: number[] = []
  #hasMorePorts = false

  /** Takes down `length` bytes of `buffer` from `offset`; `port` is where they came from, when that is not the peer's known port. */
  note(buffer: Uint8Array, offset: number, length: number, port?: number): void {
    this.count++
    if (port !== undefined && !this.#ports.includes(port)) {
      if (this.#ports.length < MAX_PORTS) this.#ports.push(port)
      else this.#hasMorePorts = true
    }
    const kind = kindOf(buffer, offset, length)
    const i = this.#kinds.indexOf(kind)
    if (i >= 0) this.#counts[i]++
    else if (this.#kinds.length < MAX_KINDS) {
      this.#kinds.push(kind)
      this.#counts.push(1)
    } else this.#otherKinds++
  }

  /** Forgets everything: what came before the last progress explains no failure. */
  clear(): void {
    if (this.count === 0) return
    this.count = 0
    this.#kinds.length = 0
    this.#counts.length = 0
    this.#otherKinds = 0
    this.#ports.length = 0
    this.#hasMorePorts = false
  }

  /** `6 datagrams from port 1069 (5 x DATA 900, opcode 77)`; '' when nothing came. */
  toString(): string {
    if (this.count === 0) return ''
    const kinds = this.#kinds.map((kind, i) =>
      this.#counts[i] === 1 ? kindText(kind) : `${this.#counts[i]} x ${kindText(kind)}`,
    )
    if (this.#otherKinds > 0) kinds.push(`${this.#otherKinds} more`)
    return `${this.count} ${this.count === 1 ? 'datagram' : 'datagrams'}${this.#from()} (${kinds.join(', ')})`
  }

  #from(): string {
    const ports = this.#ports.map(String)
    if (this.#hasMorePorts) ports.push('others')
    if (ports.length === 0) return ''
    if (ports.length === 1) return ` from port ${ports[0]}`
    return ` from ports ${ports.slice(0, -1).join(', ')} and ${ports.at(-1)}`
  }
}

/** The clause of a message that names the datagrams which had no place in the transfer; '' when there were none. */
export function outOfPlace(oddities: Oddities | undefined): string {
  const came = String(oddities ?? '')
  return came === '' ? '' : `, while ${came} came out of place`
}

/** Opcode and, where the packet has one, block or error code; a datagram shorter than any packet by its length, negative. */
function kindOf(buffer: Uint8Array, offset: number, length: number): number {
  if (length < HEADER_BYTES) return -1 - length
  const opcode = readOpcode(buffer, offset, length)
  const isNumbered = opcode === OPCODE.data || opcode === OPCODE.ack || opcode === OPCODE.error
  return opcode * 65536 + (isNumbered ? readBlock(buffer, offset) : 0)
}

function kindText(kind: number): string {
  if (kind < 0) return kind === -2 ? '1 byte' : `${-1 - kind} bytes`
  const opcode = Math.floor(kind / 65536)
  const name = NAMES[opcode]
  if (name === undefined) return `opcode ${opcode}`
  const isNumbered = opcode === OPCODE.data || opcode === OPCODE.ack || opcode === OPCODE.error
  return isNumbered ? `${name} ${kind % 65536}` : name
}

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(OPCODE).map(([name, opcode]) => [opcode, name.toUpperCase()]),
)
