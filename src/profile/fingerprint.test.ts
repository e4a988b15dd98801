import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeRequest } from '../packet/index.ts'
import { fingerprintText, requestFingerprint } from './fingerprint.ts'

const packet = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
const of = (text: string) => requestFingerprint(packet(text), 0, text.length)

test('keeps order, values and spelling as they were sent', () => {
  const seen = of('\0\x01/boot/a.bin\0OCTET\0TSIZE\x000\0BlkSize\x001456\0')
  expect(seen).toMatchObject({
    ok: true,
    value: {
      direction: 'read',
      filename: '/boot/a.bin',
      mode: 'OCTET',
      options: [
        { name: 'TSIZE', value: '0' },
        { name: 'BlkSize', value: '1456' },
      ],
    },
  })
})

test('an option that is said twice is there twice', () => {
  const seen = of('\0\x02a\0octet\0tsize\x001\0tsize\x002\0')
  expect(seen.ok && fingerprintText(seen.value)).toBe('WRQ "a" octet tsize=1 tsize=2')
})

test.each([
  ['padding', '\0\x01a\0octet\0\0\0\0\0'],
  ['an option that is cut off', '\0\x01a\0octet\0timeout\x00'],
  ['rubbish behind', '\0\x01a\0octet\0garbage'],
])('%s is no option', (_what, text) => {
  const seen = of(text)
  expect(seen.ok && seen.value.options).toEqual([])
})

test('has none for what is no request', () => {
  expect(of('\0\x03\0\x01data').ok).toBe(false)
  expect(of('\0\x01a').ok).toBe(false)
})

test('of a packet that this project builds is what was put in, wherever it stands in a buffer', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9._/-]{1,40}$/)
  const option = fc.record({ name: fc.stringMatching(/^[a-z]{1,12}$/), value: fc.stringMatching(/^[0-9]{0,8}$/) })
  fc.assert(
    fc.property(name, fc.array(option, { maxLength: 16 }), fc.nat(8), (filename, options, offset) => {
      const bytes = encodeRequest({ opcode: 1, filename, mode: 'octet', options })
      const buffer = new Uint8Array(offset + bytes.length + 3).fill(0x41)
      buffer.set(bytes, offset)
      expect(requestFingerprint(buffer, offset, bytes.length)).toEqual({
        ok: true,
        value: { direction: 'read', filename, mode: 'octet', options },
      })
    }),
  )
})

test('any bytes are read without a throw, and never more options than a request may have', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const seen = requestFingerprint(Uint8Array.of(0, 1, ...bytes), 0, bytes.length + 2)
      if (seen.ok) expect(seen.value.options.length).toBeLessThanOrEqual(16)
    }),
  )
})
