import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withSnapshot } from './page-document.ts'

const HTML =
  '<html><head><script type="application/json" id="snapshot"></script><script src="/a.js"></script></head></html>'
const ELEMENT = /<script type="application\/json" id="snapshot" data-frame="7">([^<]*)<\/script>/

test('no text ends its element or begins another, and all of it arrives', () => {
  const piece = fc.constantFrom('</script>', '<script>', '<!--', '-->', '\\u003c', "$&$'", '<', '"', '\u2028', 'é', 'a')
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const file = pieces.join('')
      const html = withSnapshot(HTML, { id: 7, data: JSON.stringify({ file }) })
      const data = ELEMENT.exec(html)?.[1] ?? ''
      expect(JSON.parse(data)).toEqual({ file })
      expect(html.replace(ELEMENT, '<script type="application/json" id="snapshot"></script>')).toBe(HTML)
    }),
  )
})

test('a large one is left to the stream', () => {
  expect(withSnapshot(HTML, { id: 7, data: JSON.stringify({ file: 'x'.repeat(20_000) }) })).toBe(HTML)
})
