/**
 * What a request tells of the device that sent it: its options with their order, values and spelling, the mode as spelt, the
 * name. `parseRequest` makes names of options lower case and drops what is said twice; a fingerprint keeps what was sent.
 */
import { MAX_OPTIONS, OPCODE, type Option, type Parsed, parseRequest, readOpcode } from '../packet/index.ts'
import { decodeText, findNul } from '../packet/text.ts'

export interface RequestFingerprint {
  readonly direction: 'read' | 'write'
  readonly filename: string
  /** `octet`, `OCTET`, `netascii`. */
  readonly mode: string
  /** In the order of the packet, names as spelt. */
  readonly options: readonly Option[]
}

/** Reads `length` bytes of `b` from `offset`. Never throws; what `parseRequest` refuses has no fingerprint. */
export function requestFingerprint(b: Uint8Array, offset: number, length: number): Parsed<RequestFingerprint> {
  const parsed = parseRequest(b, offset, length)
  if (!parsed.ok) return parsed
  const [filename, mode, ...rest] = textsIn(b, offset + 2, Math.min(offset + length, b.length))
  const options: Option[] = []
  for (let i = 0; i + 1 < rest.length && rest[i] !== ''; i += 2) options.push({ name: rest[i], value: rest[i + 1] })
  const direction = readOpcode(b, offset, length) === OPCODE.rrq ? 'read' : 'write'
  return { ok: true, value: { direction, filename, mode, options } }
}

/** `RRQ "test.bin" octet timeout=1`, the way that `profile explain` reads. Unescaped: escape it before it is printed. */
export function fingerprintText({ direction, filename, mode, options }: RequestFingerprint): string {
  const words = options.map(({ name, value }) => `${name}=${value}`)
  return [direction === 'read' ? 'RRQ' : 'WRQ', `"${filename}"`, mode, ...words].join(' ')
}

/** Name, mode, and a name and a value for each option that `parseRequest` allows. */
const MOST_TEXTS = 2 + 2 * MAX_OPTIONS

/** The complete NUL-terminated strings. */
function textsIn(b: Uint8Array, from: number, end: number): string[] {
  const texts: string[] = []
  for (let at = from; at < end && texts.length < MOST_TEXTS; ) {
    const nul = findNul(b, at, end)
    if (nul < 0) break
    texts.push(decodeText(b, at, nul))
    at = nul + 1
  }
  return texts
}
