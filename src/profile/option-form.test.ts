import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { optionFormText, parseOptionForm, valueCost } from './option-form.ts'

describe('the form of an option', () => {
  test.each(['timeout', '=5', '', 'a b=1', '??a=1', 'windowsize=9..2', `a=${'x'.repeat(65)}`])('%j is none', (text) => {
    expect(parseOptionForm(text)).toBeUndefined()
  })

  test.each(['tsize=0', 'blksize=1468|*', '?windowsize=2..65535', 'multicast=', 'TSIZE=*'])('%s reads back', (text) => {
    expect(optionFormText(parseOptionForm(text)!)).toBe(text)
  })

  test.each([
    ['tsize=0', '0', 0],
    ['tsize=0', '1', undefined],
    ['timeout=1..255', '5', 2],
    ['timeout=1..255', '0', undefined],
    ['timeout=1..255', '5s', undefined],
    ['blksize=*', '9', 3],
    ['blksize=1468|*', '1468', 1],
    ['blksize=1468|*', '512', 4],
    ['multicast=', '', 0],
  ])('%s with the value %j costs %s bits', (text, value, bits) => {
    expect(valueCost(parseOptionForm(text)!, value)).toBe(bits)
  })

  test('a value that was foreseen as it is never costs more than one that was not', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), (value, other) => {
        const form = parseOptionForm(`timeout=${value}|1..300|*`)!
        expect(valueCost(form, String(value))).toBeLessThanOrEqual(valueCost(form, String(other))!)
      }),
    )
  })
})
