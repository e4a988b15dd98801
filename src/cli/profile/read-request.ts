/**
 * A request as a person has it: `RRQ "test.bin" octet timeout 1`, a line of tcpdump, or the packet in hex as Wireshark or xxd
 * show it.
 */
import { MAX_OPTION_NAME_BYTES, MAX_OPTION_VALUE_BYTES, MAX_OPTIONS, type Option } from '../../packet/index.ts'
import { type RequestFingerprint, requestFingerprint } from '../../profile/fingerprint.ts'
import { usageError } from '../exit.ts'

export interface ReadRequest {
  readonly request: RequestFingerprint
  /** That it came from, where the text says so. */
  readonly port: number | undefined
}

const FORMS =
  'RRQ "test.bin" octet timeout=1, a line of tcpdump, or the packet in hex, which begins with 00 01 (RRQ) or 00 02 (WRQ)'

/** Throws ERR_TFTP_USAGE with the forms that it takes. */
export function readRequest(text: string): ReadRequest {
  const words = /(?:^|\s)(RRQ|WRQ)\s+("[^"]*"|\S+)(.*)$/is.exec(text)
  if (words !== null) return { request: described(words, text), port: portIn(text) }
  const bytes = hexIn(text)
  if (bytes === undefined) throw usageError(`${JSON.stringify(text.slice(0, 60))} is no request: it takes ${FORMS}`)
  const parsed = requestFingerprint(bytes, 0, bytes.length)
  if (!parsed.ok) throw usageError(`these ${bytes.length} bytes are no request (${parsed.reason}): it takes ${FORMS}`)
  return { request: parsed.value, port: undefined }
}

/** Options are `name=value` words, or names and values in turn as tcpdump prints them. */
function described([, opcode, name, rest]: RegExpExecArray, text: string): RequestFingerprint {
  const filename = name.replace(/^"(.*)"$/s, '$1')
  const [mode = 'octet', ...words] = rest
    .trim()
    .split(/[\s,]+/)
    .filter((word) => word !== '')
  const options: Option[] = []
  for (let i = 0; i < words.length; i++) {
    const at = words[i].indexOf('=')
    const pair = at > 0 ? [words[i].slice(0, at), words[i].slice(at + 1)] : [words[i], words[++i]]
    if (pair[1] === undefined)
      throw usageError(`the option ${pair[0]} has no value in ${JSON.stringify(text)}: write ${pair[0]}=VALUE`)
    options.push({ name: pair[0], value: pair[1] })
  }
  const tooLong = options.some(
    (option) => option.name.length > MAX_OPTION_NAME_BYTES || option.value.length > MAX_OPTION_VALUE_BYTES,
  )
  if (filename === '' || options.length > MAX_OPTIONS || tooLong) {
    throw usageError(`no packet can carry this request: it takes a name and at most ${MAX_OPTIONS} options`)
  }
  return { direction: opcode.toUpperCase() === 'RRQ' ? 'read' : 'write', filename, mode, options }
}

/** The client's, in `192.168.0.86.3945 > 192.168.0.66.69:`. */
function portIn(text: string): number | undefined {
  const port = Number(/\.(\d{1,5}) > \S+:/.exec(text)?.[1] ?? 0)
  return port > 0 && port < 65_536 ? port : undefined
}

/** A stream of digits, with or without the offsets and the text column of a dump. Undefined for anything else. */
function hexIn(text: string): Uint8Array | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const digits = lines
    .map((line) => line.replace(/^(?:0x)?[0-9a-f]{4,8}(?::\s*|\s{2,})/i, '').replace(/(?:\s{2,}|\s*\|).*$/, ''))
    .join(' ')
    .replace(/0x|[\s:,-]/gi, '')
  if (digits === '' || digits.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(digits)) return undefined
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16))
}
