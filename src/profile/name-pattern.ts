/**
 * Patterns of the names that devices ask for: `*` is any run of characters, `?` one, `#` one hex digit. `########.img` is the
 * client's address as U-Boot writes it, `*_tp_recovery.bin` what TP-Link's recovery asks for.
 */

/** More than any name in use has. */
const MAX_LENGTH = 128
/** A pattern that fits nearly every name says nothing. */
const LEAST_LITERALS = 3
/** What `isPattern` takes, for messages. */
export const PATTERN_HINT = `a name without a slash in front, at most ${MAX_LENGTH} characters, at least ${LEAST_LITERALS} of them no *, ? or #`

export function isPattern(text: string): boolean {
  const isPrintable = !/[\p{C}\p{Zl}\p{Zp}]/u.test(text)
  return isPrintable && text.length <= MAX_LENGTH && literalLength(text) >= LEAST_LITERALS && !text.startsWith('/')
}

/** True when the pattern covers the whole name. A slash at the name's beginning does not count, case does. */
export function fitsPattern(pattern: string, filename: string): boolean {
  return expressionOf(pattern).test(withoutSlash(filename))
}

/** Characters of the pattern that stand for themselves: the more, the less a fit is chance. A hex digit is a quarter of one. */
export function literalLength(pattern: string): number {
  const digits = count(pattern, /#/g)
  return pattern.length - count(pattern, /[*?]/g) - digits * (3 / 4)
}

/**
 * The pattern that a name of one device suggests for all of its kind: its MAC address, its network address in hex, its UUID
 * and its serial number become digits. The rest stays.
 */
export function suggestedPattern(filename: string): string {
  return withoutSlash(filename).replace(IDENTITY, (digits) => digits.replace(/[0-9A-Fa-f]/g, '#'))
}

/** A UUID, a MAC address with or without marks, an IPv4 address in hex: as whole words, or behind the SEP of Cisco's phones. */
const IDENTITY = new RegExp(
  [
    '(?<![0-9A-Za-z])(?:',
    '[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}',
    '|(?:[0-9A-Fa-f]{2}[-:]){5}[0-9A-Fa-f]{2}(?![-:][0-9A-Fa-f])',
    '|[0-9A-Fa-f]{12}|[0-9A-Fa-f]{8}',
    ')(?![0-9A-Za-z])|(?<=^SEP)[0-9A-F]{12}(?=\\.)',
  ].join(''),
  'g',
)

function withoutSlash(filename: string): string {
  return filename.startsWith('/') ? filename.slice(1) : filename
}

function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/[*?#]|[^\w/-]/gu, (c) => JOKERS[c] ?? `\\u{${c.codePointAt(0)!.toString(16)}}`)
  return new RegExp(`^${source}$`, 'su')
}

const JOKERS: Readonly<Record<string, string>> = { '*': '.*', '?': '.', '#': '[0-9A-Fa-f]' }

function count(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0
}
