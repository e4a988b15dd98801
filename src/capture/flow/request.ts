/** Requests as a capture shows them: whole, cut by the snap length, or not as a server expects them. */
import { MAX_FILENAME_BYTES, type Option, OPCODE, parseRequest, readOpcode } from '../../packet/index.ts'
import type { UdpDatagram } from '../frame/udp.ts'

/** Requests go there. One to another port must be one by its bytes. */
export const TFTP_PORT = 69

export interface SeenRequest {
  readonly kind: 'rrq' | 'wrq'
  readonly filename: string
  readonly mode: string
  readonly options: readonly Option[]
  readonly malformed: string | undefined
  /** The snap length cut it: there may be more options. */
  readonly isCut: boolean
}

/** The request in a datagram; undefined when it is none. */
export function readRequest(d: UdpDatagram): SeenRequest | undefined {
  const opcode = readOpcode(d.payloadBuffer, d.payload, d.capturedBytes)
  if (opcode !== OPCODE.rrq && opcode !== OPCODE.wrq) return undefined
  const kind = opcode === OPCODE.rrq ? 'rrq' : 'wrq'
  const parsed = parseRequest(d.payloadBuffer, d.payload, d.capturedBytes)
  const isCut = d.capturedBytes < d.payloadBytes
  if (parsed.ok) {
    const { filename, mode, options } = parsed.value
    return { kind, filename, mode, options, malformed: undefined, isCut }
  }
  if (d.destinationPort !== TFTP_PORT) return undefined
  return { kind, filename: beginning(d), mode: '', options: [], malformed: isCut ? undefined : parsed.reason, isCut }
}

/** What there is of the file name, up to its end or to the end of what was captured. */
function beginning(d: UdpDatagram): string {
  const from = d.payload + 2
  const end = d.payload + Math.min(d.capturedBytes, 2 + MAX_FILENAME_BYTES)
  const name = d.payloadBuffer.subarray(from, end)
  const nul = name.indexOf(0)
  return new TextDecoder('latin1').decode(nul < 0 ? name : name.subarray(0, nul))
}

/** Whether two requests ask for the same file: then the later one is a repeat, with other options perhaps. */
export function asksSame(a: SeenRequest, b: SeenRequest): boolean {
  return a.kind === b.kind && a.filename === b.filename && a.mode === b.mode
}

export function sameOptions(a: readonly Option[], b: readonly Option[]): boolean {
  return a.length === b.length && a.every(({ name, value }, i) => name === b[i].name && value === b[i].value)
}
