import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type NetworkInterfaceInfo, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ForesendError } from '../error.ts'
import type { Server, ServerConfigInput } from '../server/server.ts'
import { exitCodeOf, messageOf } from './exit.ts'
import { addressList, decimalNumber, digestFlag, given, networkList, oneOf, wholeNumber, windowFlag } from './flags.ts'
import { outputFor } from './get.ts'
import { fetchLines } from './hint.ts'
import { startOnUsualPort } from './port.ts'
import { targetUrl } from './put.ts'
import { watchSignals } from './signals.ts'
import { EventEmitter } from 'node:events'

const folder = mkdtempSync(join(tmpdir(), 'foresend-flags-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('flag values', () => {
  const port = wholeNumber('a UDP port', 0, 65535)
  const gap = decimalNumber('milliseconds', 0, 1000)
  const list = (parse: typeof addressList) => (text: string) => parse(text, undefined)

  test.each<[string, (text: string) => unknown, string, unknown]>([
    ['port', port, '69', 69],
    ['port', port, '0', 0],
    ['gap', gap, '0.25', 0.25],
    ['window', windowFlag, 'auto', 'auto'],
    ['window', windowFlag, 'strict', 'strict'],
    ['window', windowFlag, '2', 2],
    ['host', list(addressList), '[::1]', ['::1']],
    ['host', list(addressList), 'fe80::1%eth0', ['fe80::1%eth0']],
    ['allow', list(networkList), '203.0.113.0/24', ['203.0.113.0/24']],
    ['allow', list(networkList), '2001:db8::1', ['2001:db8::1/128']],
    ['sha256', digestFlag, 'AB'.repeat(32), 'ab'.repeat(32)],
    ['driver', oneOf('auto', 'dgram', 'batch'), 'dgram', 'dgram'],
  ])('%s takes it', (_, parse, text, value) => expect(parse(text)).toEqual(value))

  test.each<[string, (text: string) => unknown, string]>([
    ['port', port, '65536'],
    ['port', port, '-1'],
    ['port', port, '6 9'],
    ['port', port, '0x45'],
    ['port', port, '1e3'],
    ['port', port, ''],
    ['gap', gap, '.5'],
    ['gap', gap, '1001'],
    ['gap', gap, 'Infinity'],
    ['window', windowFlag, '0'],
    ['window', windowFlag, '65'],
    ['window', windowFlag, 'fast'],
    ['host', list(addressList), 'router.lan'],
    ['host', list(addressList), '10.1'],
    ['allow', list(networkList), '10.0.0.0/33'],
    ['allow', list(networkList), 'lan'],
    ['sha256', digestFlag, 'abcd'],
    ['driver', oneOf('auto', 'dgram', 'batch'), 'raw'],
  ])('%s refuses %3$j in one sentence', (_, parse, text) => {
    expect(() => parse(text)).toThrow(/^It takes [^\n]*\.$/)
  })

  test('lists collect', () => {
    expect(addressList('10.0.0.2', ['10.0.0.1'])).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(given('a', undefined)).toEqual({})
    expect(given('a', 0)).toEqual({ a: 0 })
  })
})

describe('exit codes', () => {
  test.each([
    ['ERR_TFTP_USAGE', 'local', 2],
    ['ERR_TFTP_NOT_FOUND', 'local', 2],
    ['ERR_TFTP_BIND', 'local', 3],
    ['ERR_TFTP_PEER_ERROR', 'peer', 4],
    ['ERR_TFTP_TIMEOUT', 'network', 5],
    ['ERR_TFTP_UNREACHABLE', 'network', 5],
    ['ERR_TFTP_CHECKSUM', 'content', 1],
    ['ERR_TFTP_DISK_FULL', 'local', 1],
  ] as const)('%s is %3$d', (code, fault, exitCode) => {
    expect(exitCodeOf(new ForesendError(code, 'x', { fault }))).toBe(exitCode)
  })

  test('anything else is a failure, told in one line', () => {
    expect(exitCodeOf(new TypeError('x'))).toBe(1)
    expect(messageOf(new Error('a\n  b'))).toBe('a b')
  })
})

describe('get: the local name', () => {
  test.each([
    ['config.bin', 'config.bin'],
    ['a/b/config.bin', 'config.bin'],
    ['/etc/passwd', 'passwd'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['../../x', 'x'],
  ])('%j becomes %j', (remote, local) => expect(outputFor(remote, undefined)).toBe(local))

  test.each(['', '/', 'a/', '..', 'a/..', '.', 'a\\..', 'a\0b', 'a\x1b[2J'])('%j is refused', (remote) => {
    expect(() => outputFor(remote, undefined)).toThrow(/-o FILE$/)
    expect(() => outputFor(remote, folder)).toThrow(/-o FILE$/)
    expect(outputFor(remote, 'mine.bin')).toBe('mine.bin')
  })

  test('a folder takes the name, - stays', () => {
    expect(outputFor('a/b', folder)).toBe(join(folder, 'b'))
    expect(outputFor('a/b', '-')).toBe('-')
  })
})

describe('put: the remote name', () => {
  test.each([
    ['tftp://h/name', 'dir/a.bin', 'tftp://h/name'],
    ['tftp://h/', 'dir/a.bin', 'tftp://h/a.bin'],
    ['tftp://h', 'dir/a.bin', 'tftp://h/a.bin'],
    ['tftp://h/dir/', 'a b.bin', 'tftp://h/dir/a%20b.bin'],
    ['tftp://h/dir/;mode=octet', 'a.bin', 'tftp://h/dir/a.bin;mode=octet'],
  ])('%s and %s: %s', (url, input, whole) => expect(targetUrl(url, input, false)).toBe(whole))

  test('several files need a slash', () => {
    expect(() => targetUrl('tftp://h/name', 'a', true)).toThrow(/slash/)
    expect(targetUrl('tftp://h/d/', 'a', true)).toBe('tftp://h/d/a')
  })
})

describe('the usual port', () => {
  const options = { path: '.' } as Omit<ServerConfigInput, 'port'>
  const failing = (code: string, port: number) => {
    const asked: number[] = []
    const start = async (given: ServerConfigInput): Promise<Server> => {
      asked.push(given.port ?? 0)
      if (given.port !== port) return { bound: [] } as unknown as Server
      const cause = Object.assign(new Error('bind'), { code })
      throw new ForesendError('ERR_TFTP_BIND', 'cannot', { fault: 'local', cause })
    }
    return { start, asked }
  }

  test.each([
    ['EACCES', /needs a privilege: .*6969/],
    ['EADDRINUSE', /taken by another program: .*6969/],
  ])('%s on 69: 6969, with the way to get 69', async (code, says) => {
    const { start, asked } = failing(code, 69)
    const { notice } = await startOnUsualPort(start, options)
    expect(notice).toMatch(says)
    expect(asked).toEqual([69, 6969])
  })

  test('an address that is not here is no reason for another port', async () => {
    const { start, asked } = failing('EADDRNOTAVAIL', 69)
    await expect(startOnUsualPort(start, options)).rejects.toThrow('cannot')
    expect(asked).toEqual([69])
  })

  test('69 needs no words', async () => {
    const { start } = failing('EACCES', 1)
    expect((await startOnUsualPort(start, options)).notice).toBeUndefined()
  })
})

describe('the line to fetch a file with', () => {
  test('names a file that is there and an address that others can reach', () => {
    writeFileSync(join(folder, 'b.bin'), '')
    writeFileSync(join(folder, '.hidden'), '')
    const bound = [
      { address: '127.0.0.1', port: 69 },
      { address: '192.168.1.5', port: 69 },
    ]
    const [line, device] = fetchLines(folder, bound, [])
    expect(line).toMatch(/foresend\.js get 'tftp:\/\/192\.168\.1\.5\/b\.bin'$/)
    expect(device).toMatch(/setenv serverip 192\.168\.1\.5; tftpboot b\.bin$/)
  })

  test('another port is in the line, and U-Boot is not bothered', () => {
    const lines = fetchLines(join(folder, 'b.bin'), [{ address: '127.0.0.1', port: 6969 }], [])
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain("'tftp://127.0.0.1:6969/b.bin'")
  })
})

describe('the line to fetch a file with, on a machine with a public address', () => {
  const card = (address: string, cidr: string): NetworkInterfaceInfo => ({
    address,
    cidr,
    family: 'IPv4',
    netmask: '255.255.255.0',
    mac: '02:00:00:00:00:01',
    internal: false,
  })
  const office = [card('203.0.113.7', '203.0.113.7/24')]
  const bench = [card('192.168.1.5', '192.168.1.5/24')]
  const any = [{ address: '0.0.0.0', port: 6969 }]

  test('names a network that is not served, the flag for it, and an address that answers', () => {
    writeFileSync(join(folder, 'b.bin'), '')
    const [line, hint, ...more] = fetchLines(folder, any, [], { office })
    expect(line).toContain("'tftp://127.0.0.1:6969/b.bin'")
    expect(hint).toMatch(/devices in 203\.0\.113\.0\/24, .* add --allow 203\.0\.113\.0\/24$/)
    expect(more).toEqual([])
  })

  test('prefers a network that is served', () => {
    writeFileSync(join(folder, 'b.bin'), '')
    const address = (allow: string[]): string =>
      /tftp:..([\d.]+)/.exec(fetchLines(folder, any, allow, { office, bench }).join('\n'))?.[1] ?? ''
    expect(address([])).toBe('192.168.1.5')
    expect(address(['203.0.113.0/24'])).toBe('203.0.113.7')
    expect(fetchLines(folder, any, ['203.0.113.0/24'], { office })).toHaveLength(1)
  })
})

describe('signals', () => {
  test('a Ctrl-C that arrives twice at once is one; a second one counts', () => {
    const source = new EventEmitter()
    let now = 0
    const counts: number[] = []
    let reloads = 0
    const unwatch = watchSignals(source, () => now).watch(
      (count) => void counts.push(count),
      () => void reloads++,
    )
    source.emit('SIGINT')
    now = 20
    source.emit('SIGINT')
    now = 2000
    source.emit('SIGTERM')
    source.emit('SIGHUP')
    expect(counts).toEqual([1, 2])
    expect(reloads).toBe(1)
    unwatch()
    expect(source.eventNames()).toEqual([])
  })

  test('a terminal that was closed ends what has nothing to reload', () => {
    const source = new EventEmitter()
    const counts: number[] = []
    const unwatch = watchSignals(source).watch((count) => void counts.push(count))
    source.emit('SIGHUP')
    expect(counts).toEqual([1])
    unwatch()
    expect(source.eventNames()).toEqual([])
  })
})
