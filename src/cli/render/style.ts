/** Colour where the stream is a terminal that wants it; `util.styleText` knows NO_COLOR and FORCE_COLOR. */
import { styleText } from 'node:util'

export interface Style {
  good(text: string): string
  bad(text: string): string
  careful(text: string): string
  dim(text: string): string
  strong(text: string): string
}

export function styleFor(stream: NodeJS.WritableStream): Style {
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) => styleText(format, text, { stream })
  return { good: paint('green'), bad: paint('red'), careful: paint('yellow'), dim: paint('dim'), strong: paint('bold') }
}

const same = (text: string): string => text
export const PLAIN: Style = { good: same, bad: same, careful: same, dim: same, strong: same }
