import { expect, test } from 'vitest'
import { rarelyChanged } from './rarely-changed.ts'

class Sample extends rarelyChanged({ at: Infinity, count: 0, isOn: false, isOff: true }) {
  own = 1
}

/** Where its fields are: the only array that it has. */
const valuesOf = (sample: Sample): unknown => Object.values(sample).find(Array.isArray)

test('fields have their first values, and a change is seen by its object alone', () => {
  const one = new Sample()
  const other = new Sample()
  one.at = 5.5
  one.count++
  one.isOn = true
  one.isOff = false
  expect(one).toMatchObject({ own: 1, at: 5.5, count: 1, isOn: true, isOff: false })
  expect(other).toMatchObject({ own: 1, at: Infinity, count: 0, isOn: false, isOff: true })
  expect(new Sample()).toMatchObject({ own: 1, at: Infinity, count: 0, isOn: false, isOff: true })
})

test('an object without a change has no memory of its own, nor has one that was given the values it has', () => {
  const one = new Sample()
  const other = new Sample()
  one.at = Infinity
  one.isOff = true
  one.isOn = false
  expect(valuesOf(one)).toBe(valuesOf(other))
  one.at = 1
  expect(valuesOf(one)).not.toBe(valuesOf(other))
})
