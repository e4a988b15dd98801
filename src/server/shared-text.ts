/** Equal texts that arrive again and again as copies, each parsed from a message, kept once. */

/** A rack boots from a few files. With more names than this the table begins anew, and some texts are there twice. */
const MAX_TEXTS = 256

export class SharedText {
  readonly #texts = new Map<string, string>()

  /** A text equal to `text`: the one that was given first, where it is still known. */
  share(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    if (this.#texts.size === MAX_TEXTS) this.#texts.clear()
    this.#texts.set(text, text)
    return text
  }
}
