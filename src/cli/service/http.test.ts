import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { tempFolder } from '../../../test/support/temp-folder.ts'
import { placeOf } from '../../control/http/place.ts'
import { keptToken, readToken, Token } from '../../control/http/token.ts'
import { hostCheck } from '../../control/http/hosts.ts'
import { planHttp, watchLine } from './http.ts'
import { startWatchdog } from './watchdog.ts'

test.each([
  ['8069', { address: '127.0.0.1', port: 8069 }],
  ['0.0.0.0:80', { address: '0.0.0.0', port: 80 }],
  ['[::1]:8069', { address: '::1', port: 8069 }],
  ['65536', undefined],
  ['localhost:1', undefined],
  ['::1:8069', undefined],
  ['1.2.3.4', undefined],
])('--http %s', (text, place) => expect(placeOf(text)).toEqual(place))

describe('what the settings ask for', () => {
  test('reading needs the token beyond loopback alone, or not at all with --http-open', () => {
    const needs = (http: string, open?: boolean): boolean | undefined =>
      planHttp({ http, ...(open === undefined ? {} : { 'http-open': open }) })?.readsNeedToken
    expect([needs('8069'), needs('[::1]:1'), needs('0.0.0.0:1'), needs('192.168.0.2:1')]).toEqual([
      false,
      false,
      true,
      true,
    ])
    expect(needs('0.0.0.0:1', true)).toBe(false)
  })

  test('what has no effect, or is half, is a mistake', () => {
    expect(planHttp({})).toBeUndefined()
    expect(() => planHttp({ 'http-writable': true })).toThrow(/--http-writable has no effect without --http/)
    expect(() => planHttp({ http: '1', 'http-cert': '/x' })).toThrow(/belong together/)
    expect(() => planHttp({ http: '1', 'http-cert': '/x', 'http-key': '/y' })).toThrow(/cannot read --http-cert \/x/)
    expect(() => planHttp({ http: '1', 'http-token-file': '/x' })).toThrow(/cannot be read \(ENOENT\)/)
  })
})

describe('the token', () => {
  test('is made once, for its owner alone, and stays', () => {
    const folder = tempFolder()
    const token = keptToken(folder)
    expect(token.text).toMatch(/^[\w-]{32}$/)
    expect(statSync(join(folder, 'http-token')).mode & 0o777).toBe(0o600)
    expect(keptToken(folder).text).toBe(token.text)
    mkdirSync(join(folder, 'other'))
    writeFileSync(join(folder, 'other', 'http-token'), 'cut off', { mode: 0o644 })
    expect(keptToken(join(folder, 'other')).text).not.toBe(token.text)
    expect(statSync(join(folder, 'other', 'http-token')).mode & 0o777).toBe(0o600)
  })

  test('of a file has to be long, and one line', () => {
    const file = join(tempFolder(), 'token')
    writeFileSync(file, 'short\n')
    expect(() => readToken(file)).toThrow(/at least 16/)
    writeFileSync(file, 'long enough but with spaces\n')
    expect(() => readToken(file)).toThrow(/at least 16/)
    writeFileSync(file, ' 0123456789abcdef\n')
    expect(readToken(file).isIn('bearer 0123456789abcdef')).toBe(true)
  })

  test('stands in the link behind the part that is sent', () => {
    const line = watchLine('http://127.0.0.1:8069', new Token('0123456789abcdef'))
    expect(line).toBe('Watch it at:        http://127.0.0.1:8069/#t=0123456789abcdef')
  })
})

test('names of a proxy, with the usual ports', () => {
  const isOurs = hostCheck('https', { address: '10.0.0.1', port: 443 }, ['tftp.example.com', 'b.example:8443'])
  const local = '::ffff:10.0.0.1'
  for (const host of [
    'tftp.example.com',
    'TFTP.example.com.:443',
    'b.example:8443',
    '10.0.0.1',
    '10.0.0.1:443',
    'localhost',
  ])
    expect([host, isOurs(host, local)]).toEqual([host, true])
  for (const host of ['b.example', 'x.tftp.example.com', 'tftp.example.com:80', '10.0.0.2', '', ':443'])
    expect([host, isOurs(host, local)]).toEqual([host, false])
})

test('systemd hears of the server twice in its time, and only while it answers', async () => {
  vi.useFakeTimers()
  try {
    const check = vi.fn<() => Promise<string | undefined>>(async () => undefined)
    const failed = vi.fn<(reason: string) => void>()
    const env = { WATCHDOG_USEC: '10000000' }
    expect(startWatchdog(check, failed, {})).toBeUndefined()
    expect(startWatchdog(check, failed, { ...env, WATCHDOG_PID: '1' })).toBeUndefined()
    const stop = startWatchdog(check, failed, env)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(check).toHaveBeenCalledTimes(2)
    check.mockResolvedValue('no answer')
    await vi.advanceTimersByTimeAsync(5000)
    expect(failed.mock.calls).toEqual([[expect.stringMatching(/watchdog: no answer/)]])
    stop?.()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(check).toHaveBeenCalledTimes(3)
  } finally {
    vi.useRealTimers()
  }
})
