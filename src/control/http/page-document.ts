/** The document of the page with what happens now in it, so that the page draws it without asking again. */

/** The snapshot of the live stream that a reader would begin with. */
export interface Snapshot {
  /** Of the frame: a stream that is opened behind it goes on from there. */
  readonly id: number
  /** JSON. */
  readonly data: string
}

/** More than this would hold up the scripts behind it; the stream brings it as well. */
const MOST_CHARACTERS = 16_384
/** What the document has in its place: data, which no browser runs. */
const PLACE = '<script type="application/json" id="snapshot"></script>'

/** `html` with the snapshot in its place; `html` itself where that is too large, or the document has no place for it. */
export function withSnapshot(html: string, { id, data }: Snapshot): string {
  if (data.length > MOST_CHARACTERS) return html
  // Inside this element only `<` begins anything: no name in the data ends it.
  const text = data.replaceAll('<', '\\u003c')
  return html.replace(PLACE, () => `<script type="application/json" id="snapshot" data-frame="${id}">${text}</script>`)
}
