/** What came from a peer and made no sense: a few kinds of it by name, the rest as a number, for the message that says why a transfer failed. */
import { HEADER_BYTES, OPCODE, readBlock, readOpcode } from '../packet/index.ts'

/** Kinds that are named; a peer that sends noise has as many as it likes. */
const MAX_KINDS = 4
const MAX_PORTS = 3

export class Oddities {
  count = 0
  readonly #kinds = new Map<string, number>()
  readonly #ports = new Set<number>()

  /** `port`: where it came from, when that is not the peer's known port. */
  note(buffer: Uint8Array, offset: number, length: number, port?: number): void {
    this.count++
    if (port !== undefined && this.#ports.size < MAX_PORTS) this.#ports.add(port)
    // Above this nothing is made of what arrives.
    if (this.count > 1000) return
    const kind = kindOf(buffer, offset, length)
    const before = this.#kinds.get(kind)
    if (before !== undefined || this.#kinds.size < MAX_KINDS) this.#kinds.set(kind, (before ?? 0) + 1)
  }

  /** `6 datagrams from port 1069 (DATA 900, opcode 77)`; '' when nothing came. */
  toString(): string {
    if (this.count === 0) return ''
    const ports = [...this.#ports]
    const from = ports.length === 0 ? '' : ` from port ${ports.join(' and ')}`
    const kinds = [...this.#kinds].map(([kind, count]) => (count === 1 ? kind : `${count} x ${kind}`))
    return `${this.count} ${this.count === 1 ? 'datagram' : 'datagrams'}${from} (${kinds.join(', ')})`
  }
}

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(OPCODE).map(([name, opcode]) => [opcode, name.toUpperCase()]),
)

function kindOf(buffer: Uint8Array, offset: number, length: number): string {
  if (length < HEADER_BYTES) return `${length} ${length === 1 ? 'byte' : 'bytes'}`
  const opcode = readOpcode(buffer, offset, length)
  const name = NAMES[opcode]
  if (name === undefined) return `opcode ${opcode}`
  return opcode === OPCODE.data || opcode === OPCODE.ack ? `${name} ${readBlock(buffer, offset)}` : name
}
