/**
 * Options of requests and OACKs (RFC 2347): pairs of NUL-terminated strings after the fixed part of the packet.
 *
 *     - - +---------+---+---------+---+---------+---+---------+---+
 *         | name 1  | 0 | value 1 | 0 | name 2  | 0 | value 2 | 0 |   at most 16 pairs
 *     - - +---------+---+---------+---+---------+---+---------+---+
 *
 * Names in use: blksize (RFC 2348), timeout and tsize (RFC 2349), windowsize (RFC 7440), multicast (RFC 2090), and
 * blksize2 (a power of two), utimeout (microseconds), timeoutms (milliseconds), rollover (0 or 1) without an RFC.
 */
import { escapeText } from './escape.ts'
import { fault, type Parsed, WIRE_ERROR } from './opcode.ts'
import { decodeText, findNul, lowerAscii, type PacketWriter } from './text.ts'

/** More pairs than any client sends; a request with more is refused with ERROR 8. */
export const MAX_OPTIONS = 16
/** The longest name in use has 10 bytes. */
export const MAX_OPTION_NAME_BYTES = 32
/** The longest value in use is `multicast`'s: an IPv6 address, a port and a flag. */
export const MAX_OPTION_VALUE_BYTES = 64

/** What requests without options share. */
export const NO_OPTIONS: readonly Option[] = []

/** One option as on the wire; the name in lower case (RFC 2347: case does not matter), the value untouched. */
export interface Option {
  readonly name: string
  readonly value: string
}

/** The value of option `name` when it is there and a number in `min..max` (`numberIn`); undefined otherwise. */
export function optionNumber(options: readonly Option[], name: string, min: number, max: number): number | undefined {
  for (const option of options) {
    if (option.name === name) return numberIn(option.value, min, max)
  }
  return undefined
}

/**
 * Reads the pairs in `from..end`. The first occurrence of a name wins. Reading stops without complaint at an empty name
 * or at a pair that is not complete: some clients pad their packets with NULs or leave rubbish behind them.
 */
export function parseOptions(b: Uint8Array, from: number, end: number): Parsed<readonly Option[]> {
  let options: Option[] | undefined
  let at = from
  // Repeats count too, else a datagram full of them would cost thousands of decoded strings.
  for (let pairs = 0; at < end; pairs++) {
    const nameEnd = findNul(b, at, end)
    if (nameEnd <= at) break
    const valueEnd = findNul(b, nameEnd + 1, end)
    if (valueEnd < 0) break
    if (pairs === MAX_OPTIONS) return fault(WIRE_ERROR.option, `more than ${MAX_OPTIONS} options`)
    if (nameEnd - at > MAX_OPTION_NAME_BYTES) {
      return fault(WIRE_ERROR.option, `option name longer than ${MAX_OPTION_NAME_BYTES} bytes`)
    }
    const name = lowerAscii(decodeText(b, at, nameEnd))
    if (valueEnd - nameEnd - 1 > MAX_OPTION_VALUE_BYTES) {
      return fault(WIRE_ERROR.option, `value of option ${escapeText(name)} longer than ${MAX_OPTION_VALUE_BYTES} bytes`)
    }
    options ??= []
    if (!options.some((option) => option.name === name)) {
      options.push({ name, value: decodeText(b, nameEnd + 1, valueEnd) })
    }
    at = valueEnd + 1
  }
  return { ok: true, value: options ?? NO_OPTIONS }
}

/** Appends the pairs in their order. Throws ERR_TFTP_USAGE when one cannot be sent. */
export function writeOptions(writer: PacketWriter, options: readonly Option[]): void {
  for (const { name, value } of options) {
    writer.name(name, MAX_OPTION_NAME_BYTES, 'an option name')
    writer.text(value, MAX_OPTION_VALUE_BYTES, `the value of option ${escapeText(name)}`)
  }
}

/**
 * The decimal number in `min..max` that `text` is; undefined for anything else. Digits only: no sign, space, point or exponent, at
 * most 20 digits, and nothing that a double cannot hold exactly (a tsize of 2^64).
 */
export function numberIn(text: string, min: number, max: number): number | undefined {
  if (!/^[0-9]{1,20}$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
}
