/** Text that a peer named, made harmless to look at: the one way for names, options and reasons to reach the screen. */

// Controls, format characters (direction marks among them), lone surrogates, private and unassigned code points, and every space but the
// plain one. Such characters are invisible, or change how what stands beside them is drawn.
const UNSEEN = /(?! )[\p{C}\p{Z}]/gu

/** More of a name than this is neither read nor drawn; 512 bytes are a whole request. */
const MOST_CHARACTERS = 600

/** `text` with every character that cannot be seen as `\u{…}`. */
export function visible(text: string): string {
  const head = text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) : text
  const seen = head.replace(UNSEEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
  return head.length < text.length ? `${seen}…` : seen
}
