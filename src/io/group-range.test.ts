import { describe, expect, test } from 'vitest'
import { groupAddressesOf, groupPortsOf } from './group-range.ts'

describe('groupAddressesOf', () => {
  test("reads atftpd's lists", () => {
    expect(groupAddressesOf('239.255.0.0-2,128-129,200')).toEqual([
      '239.255.0.0',
      '239.255.0.1',
      '239.255.0.2',
      '239.255.0.128',
      '239.255.0.129',
      '239.255.0.200',
    ])
    expect(groupAddressesOf('239.255.0.0-255')).toHaveLength(256)
    expect(groupAddressesOf('224.0.1.7')).toEqual(['224.0.1.7'])
  })

  test.each([
    '',
    '10.0.0.0-5',
    '223.1.1.1',
    '240.0.0.1',
    '224.0.0.1',
    '239.256.0.1',
    '239.1.1.256',
    '239.1.1.5-2',
    '239.1.1.1,',
    '239.1.1',
    'x',
  ])('%j is none', (text) => expect(groupAddressesOf(text)).toBeUndefined())
})

describe('groupPortsOf', () => {
  test('reads lists and ranges', () => expect(groupPortsOf('1758-1760,8000')).toEqual([1758, 1759, 1760, 8000]))

  test.each(['', '0', '65536', '5-3', '1758-', 'x'])('%j is none', (text) => expect(groupPortsOf(text)).toBeUndefined())
})
