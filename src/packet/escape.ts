/** Text that a peer sent, made safe for a terminal and for one line of a log. */

/** Characters that `escapeText` lets through at most before it cuts the rest off with `…`. */
export const ESCAPED_TEXT_MAX = 256

// Everything invisible or able to move the cursor or reverse the line: controls, format characters (direction marks),
// surrogates, unassigned and private code points, and every space but the plain one. And the escape itself.
const UNSAFE = /(?! )[\p{C}\p{Z}\\]/gu

/**
 * `s` with every non-printable character as `\xNN` (`\u{N…}` above 0xff) and `\` as `\\`, one line, at most
 * `ESCAPED_TEXT_MAX` characters and a final `…` when something was cut.
 */
export function escapeText(s: string): string {
  // Cut first: an escape is never torn, and the work is bounded whatever the peer sent.
  let head = s
  if (s.length > ESCAPED_TEXT_MAX) head = s.slice(0, ESCAPED_TEXT_MAX).replace(/[\ud800-\udbff]$/, '')
  let escaped = ''
  let from = 0
  for (const match of head.matchAll(UNSAFE)) {
    const next = head.slice(from, match.index) + escapeCharacter(match[0])
    if (escaped.length + next.length > ESCAPED_TEXT_MAX) return cut(escaped + head.slice(from, match.index))
    escaped += next
    from = match.index + match[0].length
  }
  escaped += head.slice(from)
  return escaped.length > ESCAPED_TEXT_MAX || head.length < s.length ? cut(escaped) : escaped
}

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\'
  const code = character.codePointAt(0) ?? 0
  if (code > 0xff) return `\\u{${code.toString(16)}}`
  return `\\x${code.toString(16).padStart(2, '0')}`
}

function cut(escaped: string): string {
  // Half of a character beyond 0xffff would print as rubbish.
  return `${escaped.slice(0, ESCAPED_TEXT_MAX).replace(/[\ud800-\udbff]$/, '')}…`
}
