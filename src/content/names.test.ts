import { posix, win32 } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NAME_MAX_BYTES, pathSegments } from './names.ts'

describe('names that are taken', () => {
  test.each([
    ['vmlinux.bin', ['vmlinux.bin']],
    ['/vmlinux.bin', ['vmlinux.bin']],
    ['//boot///vmlinux.bin', ['boot', 'vmlinux.bin']],
    ['boot\\x86\\loader', ['boot', 'x86', 'loader']],
    ['\\boot/x86\\\\loader', ['boot', 'x86', 'loader']],
    ['./boot/./loader', ['boot', 'loader']],
    ['boot/', ['boot']],
    ['.hidden', ['.hidden']],
    ['a..b', ['a..b']],
    ['..a', ['..a']],
    ['a..', ['a..']],
    ['%2e%2e/x', ['%2e%2e', 'x']],
    ['bild mit räumen.img', ['bild mit räumen.img']],
    ['00:11:22:33:44:55.cfg', ['00:11:22:33:44:55.cfg']],
    ['boot/c:', ['boot', 'c:']],
    ['con', ['con']],
    ['a'.repeat(255), ['a'.repeat(255)]],
    [`${'a'.repeat(255)}/${'b'.repeat(244)}`, ['a'.repeat(255), 'b'.repeat(244)]],
  ])('%s', (name, segments) => {
    expect(pathSegments(name, 'linux')).toEqual({ ok: true, value: segments })
  })
})

describe('names that are refused with ERROR 2', () => {
  test.each([
    ['', /empty/],
    ['/', /empty/],
    ['.', /empty/],
    ['..', /upwards/],
    ['../etc/passwd', /upwards/],
    ['/../etc/passwd', /upwards/],
    ['boot/../../etc/passwd', /upwards/],
    ['boot/../boot/loader', /upwards/],
    ['..\\..\\windows', /upwards/],
    ['boot/..', /upwards/],
    ['.. /x', /upwards/],
    ['.../x', /upwards/],
    ['. ./x', /upwards/],
    ['boot\0.img', /NUL/],
    ['boot\n.img', /control/],
    ['\x1b[2J', /control/],
    ['C:\\boot.ini', /drive/],
    ['c:boot.ini', /drive/],
    ['/C:/boot.ini', /drive/],
    ['\\\\host\\share\\x', /UNC/],
    ['\\\\?\\C:\\x', /UNC/],
    ['\\\\.\\pipe\\x', /UNC/],
    ['boot.img::$DATA', /stream/],
    ['boot.img:x:$DATA', /stream/],
    ['a'.repeat(256), /255 bytes/],
    ['ä'.repeat(128), /255 bytes/],
    ['a/'.repeat(256) + 'b', /512 bytes/],
    ['ä'.repeat(257), /512 bytes/],
  ])('%j', (name, reason) => {
    const parsed = pathSegments(name, 'linux')
    expect(parsed).toMatchObject({ ok: false, wireCode: 2 })
    if (!parsed.ok) expect(parsed.reason).toMatch(reason)
  })

  test.each(['ab:c', 'nul', 'boot/CON.txt', 'com1', 'LPT9.log', 'COM¹', 'x.', 'x ', '"x"', 'a|b', 'a?', 'a*'])(
    '%j on Windows',
    (name) => {
      expect(pathSegments(name, 'win32')).toMatchObject({ ok: false, wireCode: 2 })
      expect(pathSegments(name, 'linux').ok).toBe(true)
    },
  )
})

test('a name of 500 bytes is handled, one of more than 512 refused', () => {
  expect(pathSegments('x'.repeat(500), 'linux')).toMatchObject({ ok: false, wireCode: 2 })
  expect(pathSegments('x/'.repeat(250), 'linux')).toMatchObject({ ok: true })
  expect(pathSegments('x/'.repeat(257), 'linux')).toMatchObject({ ok: false, wireCode: 2 })
})

test('whatever the name, joining its segments stays inside the root, on every system', () => {
  const piece = fc.constantFrom('..', '.', '/', '\\', 'a', 'C:', ':', ' ', '. .', 'x.img', '\0', '~', '%', 'ä', '$DATA')
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.array(piece, { maxLength: 40 }).map((p) => p.join('')),
  )
  fc.assert(
    fc.property(name, (text) => {
      for (const [platform, path, root] of [
        ['linux', posix, '/srv/tftp'],
        ['win32', win32, 'D:\\tftp'],
      ] as const) {
        const parsed = pathSegments(text, platform)
        if (!parsed.ok) {
          expect(parsed.wireCode).toBe(2)
          continue
        }
        expect(parsed.value.length).toBeGreaterThan(0)
        const joined = path.resolve(root, ...parsed.value)
        expect(joined.startsWith(root + path.sep)).toBe(true)
        expect(path.relative(root, joined).split(path.sep)).toEqual(parsed.value)
        expect(Buffer.byteLength(parsed.value.join('/'))).toBeLessThanOrEqual(NAME_MAX_BYTES)
      }
    }),
    { numRuns: 250 },
  )
})
