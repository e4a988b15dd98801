/** Words can be read in both sets of colours: WCAG 2.2, 1.4.3 (4.5 to 1). */
import { describe, expect, test } from 'vitest'
import { STYLE } from './style.ts'

const [LIGHT = '', DARK = ''] = [...STYLE.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) => body)
/** Every colour that a rule gives to words. Edges, bars and points have other names. */
const WORDS = [...STYLE.matchAll(/(?<=[{;] ?)color: (var\(--[a-z]+\)|color-mix\([^;]*\))(?=;| \})/g)].map(
  ([, value]) => value,
)

test('all words have a colour that is found here', () => {
  expect(WORDS.length).toBeGreaterThan(12)
  expect(WORDS.filter((value) => value?.startsWith('color-mix'))).toHaveLength(4)
})

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('%s', (_, body) => {
  test.each([...new Set(WORDS)])('%s on the page and on a card', (value) => {
    const words = luminance(colorOf(body, value as string))
    for (const ground of ['bg', 'card']) {
      const [dark, light] = [words, luminance(colorOf(body, `var(--${ground})`))].toSorted((a, b) => a - b)
      expect(((light as number) + 0.05) / ((dark as number) + 0.05), ground).toBeGreaterThanOrEqual(4.5)
    }
  })
})

/** Red, green and blue from 0 to 255 of `var(--a)` or `color-mix(in srgb, var(--a) N%, var(--b))`. */
function colorOf(body: string, value: string): readonly number[] {
  const mix = /^color-mix\(in srgb, (var\(--[a-z]+\)) (\d+)%, (var\(--[a-z]+\))\)$/.exec(value)
  if (mix !== null) {
    const [one, other] = [colorOf(body, mix[1] as string), colorOf(body, mix[3] as string)]
    const share = Number(mix[2]) / 100
    return one.map((part, i) => part * share + (other[i] as number) * (1 - share))
  }
  const [, name = ''] = /^var\(--([a-z]+)\)$/.exec(value) ?? []
  const [, hex] = new RegExp(`--${name}: #([0-9a-f]{6});`).exec(body) ?? []
  if (hex === undefined) throw new Error(`no colour ${value}`)
  return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
}

function luminance(parts: readonly number[]): number {
  const [red, green, blue] = parts.map((part) =>
    part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
  ) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
