import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fragmentOf, type Route, routeOf } from './route.ts'

test.each<[string, Route]>([
  ['', { view: 'now' }],
  ['#/', { view: 'now' }],
  ['#/nonsense', { view: 'now' }],
  ['#/transfers', { view: 'now' }],
  ['#/transfers/17', { view: 'transfer', id: '17' }],
  ['#/transfers/h17', { view: 'transfer', id: 'h17' }],
  ['#/transfers/17x', { view: 'now' }],
  ['#/devices/%E0%A4%A', { view: 'device', name: '%E0%A4%A' }],
  ['#/history?outcome=failed&device=', { view: 'history', filter: { outcome: 'failed' } }],
])('%s', (fragment, expected) => {
  expect(routeOf(fragment)).toEqual(expected)
})

test('a device or filter of any name survives its address', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
      const routes: Route[] = [
        { view: 'device', name: text },
        { view: 'files', search: text },
        { view: 'history', filter: { device: text, file: text } },
      ]
      for (const route of routes) expect(routeOf(fragmentOf(route))).toEqual(route)
    }),
  )
})
