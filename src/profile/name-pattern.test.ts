import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fitsPattern, literalLength, suggestedPattern } from './name-pattern.ts'

describe('a pattern', () => {
  test.each([
    ['*_tp_recovery.bin', 'ArcherC2V1_tp_recovery.bin', true],
    ['*_tp_recovery.bin', '/mr6400_tp_recovery.bin', true],
    ['*_tp_recovery.bin', 'ArcherC2V1_tp_recovery.bin.old', false],
    ['########.img', 'C0A80001.img', true],
    ['########.img', 'C0A8000G.img', false],
    ['########.img', '0C0A80001.img', false],
    ['test.bin', 'testxbin', false],
    ['test.bin', 'TEST.BIN', false],
    ['?Boot?BCD', '\\Boot\\BCD', true],
    ['a+(b).c', 'a+(b).c', true],
    ['*.cfg', 'a\nb.cfg', true],
    ['fu?', 'fu😀', true],
  ])('%s and %s: %s', (pattern, name, fits) => {
    expect(fitsPattern(pattern, name)).toBe(fits)
  })

  test('without jokers fits itself and nothing else', () => {
    const plain = fc.string({ minLength: 1 }).filter((text) => !/[*?#]|^\//.test(text))
    fc.assert(
      fc.property(plain, plain, (pattern, name) => {
        expect(fitsPattern(pattern, pattern)).toBe(true)
        expect(fitsPattern(pattern, name)).toBe(pattern === name)
      }),
    )
  })

  test('is the weaker the more jokers it has', () => {
    expect(literalLength('test.bin')).toBe(8)
    expect(literalLength('########.img')).toBe(6)
    expect(literalLength('*.img')).toBe(4)
  })
})

describe('the pattern that a name suggests', () => {
  test.each([
    ['C0A80001.img', '########.img'],
    ['SEP00270DC01C92.cnf.xml', 'SEP############.cnf.xml'],
    ['/pxelinux.cfg/01-00-30-48-60-f3-ca', 'pxelinux.cfg/01-##-##-##-##-##-##'],
    ['pxelinux.cfg/53d19f64-d663-a017-8922-00304860f3ca', 'pxelinux.cfg/########-####-####-####-############'],
    ['d9780558/start.elf', '########/start.elf'],
    ['0004f2123456.cfg', '############.cfg'],
    ['ArcherC2V1_tp_recovery.bin', 'ArcherC2V1_tp_recovery.bin'],
    ['openwrt-23.05.img', 'openwrt-23.05.img'],
  ])('of %s is %s', (name, pattern) => {
    expect(suggestedPattern(name)).toBe(pattern)
    expect(fitsPattern(pattern, name)).toBe(true)
  })
})
