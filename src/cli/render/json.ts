/** One JSON object per line: the form for programs. */

/** JSON.stringify already escapes control characters; the two Unicode line ends are escaped for readers that split on them. */
export function jsonLine(event: object): string {
  return JSON.stringify(event).replace(
    /[\u2028\u2029\u007f-\u009f]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
