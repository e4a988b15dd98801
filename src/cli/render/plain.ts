/** Text that came from outside and goes to a terminal: names of files, arguments, messages of the system. */

// Controls and format characters (direction marks among them), and what breaks a line in Unicode.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** `text` on one line, with each character that a terminal obeys instead of showing as `\xNN` or `\u{N…}`. A backslash stays one: paths have them. */
export function plain(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) as number
    return code > 0xff ? `\\u{${code.toString(16)}}` : `\\x${code.toString(16).padStart(2, '0')}`
  })
}
