/** Sentences of a diagnosis. */

/** Begins with a capital and ends with a full stop. */
export function sentence(text: string): string {
  const end = /[.!?:]$/.test(text) ? '' : '.'
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${end}`
}

/** 0.97: `almost certainly (97 %)`. */
export function confidenceText(confidence: number): string {
  const percent = `${Math.round(100 * confidence)} %`
  if (confidence >= 0.9) return `almost certainly (${percent})`
  if (confidence >= 0.6) return `most likely (${percent})`
  return confidence >= 0.3 ? `perhaps (${percent})` : `possibly (${percent})`
}
