/** Text can be read in both sets of colours: WCAG 2.2, 1.4.3 (4.5 to 1 for text) and 1.4.11 (3 to 1 for edges of fields and bars). */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const CSS = readFileSync(new URL('base.css', import.meta.url), 'utf8')
const [LIGHT = '', DARK = ''] = [...CSS.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) => body)

const TEXT_ON: readonly (readonly [text: string, ground: string])[] = [
  ...['paper', 'card'].flatMap((ground) =>
    ['ink', 'quiet', 'accent', 'bad', 'careful'].map((text) => [text, ground] as const),
  ),
  ['accent', 'accent-soft'],
  ['good', 'good-soft'],
  ['careful', 'careful-soft'],
  ['ink', 'careful-soft'],
  ['quiet', 'careful-soft'],
  ['accent', 'careful-soft'],
  ['bad', 'bad-soft'],
  ['ink', 'bad-soft'],
  ['ink', 'calm-soft'],
  ['card', 'accent'],
  ['card', 'bad'],
]

const SHAPE_ON: readonly (readonly [shape: string, ground: string])[] = [
  ['edge', 'card'],
  ['accent', 'bar'],
  ['careful', 'bar'],
  ['bad', 'bar'],
  ['plot-ack', 'card'],
  ['plot-again', 'card'],
]

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('%s', (_, body) => {
  test.each(TEXT_ON)('%s on %s', (text, ground) => {
    expect(contrast(body, text, ground)).toBeGreaterThanOrEqual(4.5)
  })
  test.each(SHAPE_ON)('the shape %s on %s', (shape, ground) => {
    expect(contrast(body, shape, ground)).toBeGreaterThanOrEqual(3)
  })
})

function contrast(body: string, one: string, other: string): number {
  const [dark, light] = [luminance(body, one), luminance(body, other)].toSorted((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(body: string, name: string): number {
  const hex = new RegExp(`--${name}: #([0-9a-f]{6});`).exec(body)?.[1]
  if (hex === undefined) throw new Error(`no colour --${name}`)
  const [red, green, blue] = [0, 2, 4].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
