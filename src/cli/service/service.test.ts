import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { tempFolder } from '../../../test/support/temp-folder.ts'
import type { Server, ServerEvent } from '../../server/contract.ts'
import { watchIdle } from './idle.ts'
import { openLogFile } from './log-file.ts'
import { writePidFile } from './pid-file.ts'
import { notifyService } from './notify.ts'
import { openSyslog, syslogPrinter } from './syslog.ts'
import { checkReadable, findUser, handOver } from './user.ts'

describe('the pidfile', () => {
  test('has the number, and is gone afterwards', () => {
    const file = join(tempFolder(), 'pid')
    const remove = writePidFile(file, 42)
    expect(readFileSync(file, 'utf8')).toBe('42\n')
    remove()
    expect(existsSync(file)).toBe(false)
  })

  test('that of another server stays', () => {
    const file = join(tempFolder(), 'pid')
    const remove = writePidFile(file, 42)
    writeFileSync(file, '43\n')
    remove()
    expect(existsSync(file)).toBe(true)
  })

  test('one that cannot be written', () => expect(() => writePidFile('/nowhere/pid')).toThrow(/cannot write --pidfile/))
})

test('a log file that cannot be written', () =>
  expect(() => openLogFile('/nowhere/log')).toThrow(/cannot write --log-file/))

test('a user that cannot read the program is named, with what to do', () => {
  expect(() => checkReadable('nobody', '/no/such/folder')).toThrow(
    '--user nobody: that user cannot read Foresend itself in /no/such/folder; install it where all users may read it',
  )
  expect(() => checkReadable('nobody', process.cwd())).not.toThrow()
})

describe('findUser', () => {
  const { username, uid, gid } = userInfo()

  test.runIf(process.platform === 'linux')('by name, with and without a group', () => {
    expect(findUser(username)).toEqual({ name: username, uid, gid })
    expect(findUser(`${username}:nogroup`).gid).toBeGreaterThan(0)
    expect(findUser(`${username}.nogroup`)).toEqual(findUser(`${username}:nogroup`))
  })

  test.each(['nobody-at-all', 'a b', '$(id)', '', `${username}:no such`])('no such user: %j', (name) => {
    expect(() => findUser(name)).toThrow(/no such user or group/)
  })
})

test.runIf(process.getuid?.() === 0)('the state folder changes hands, and no file that a link in it leads to', () => {
  const [folder, outside] = [join(tempFolder(), 'state'), join(tempFolder(), 'shadow')]
  handOver(folder, 65_534, 65_534)
  writeFileSync(outside, '')
  writeFileSync(join(folder, 'history.db'), '')
  symlinkSync(outside, join(folder, 'link'))
  handOver(folder, 65_534, 65_534)
  for (const name of ['', 'history.db', 'link']) expect(lstatSync(join(folder, name)).uid).toBe(65_534)
  expect(statSync(outside).uid).toBe(0)
})

describe('lines of the system log', () => {
  const lines: string[] = []
  const printer = syslogPrinter((line) => lines.push(line))
  const said = (event: object): string | undefined => {
    printer.event({ time: 0, ...event } as ServerEvent)
    return lines.pop()
  }

  test.each<[string, object, string]>([
    [
      'what it does',
      { event: 'listening', address: '10.0.0.1', port: 69, driver: 'dgram' },
      '<30>listening on 10.0.0.1:69 (dgram)',
    ],
    ['a fault', { event: 'notice', code: 'RELOAD_FAILED', message: 'broken' }, '<27>broken'],
    ['a warning', { event: 'notice', code: 'NO_REQUEST', message: 'quiet\nhere' }, '<28>quiet here'],
  ])('%s', (_, event, line) => expect(said(event)).toBe(line))

  test('an event that is newer than this program is none', () => expect(said({ event: 'unheard' })).toBeUndefined())

  test('what a peer sent cannot forge a line', () => {
    expect(said({ event: 'notice', code: 'X', message: 'a\n<0>b\u2028c\u001b[1m' })).toBe('<28>a <0>b\\x2028c\\x1b[1m')
  })
})

/** A program that appends its words and what it reads to a file, in a folder that is PATH. */
function standIn(name: string): { env: Record<string, string>; said: () => string } {
  const folder = tempFolder()
  const file = join(folder, 'said')
  writeFileSync(file, '')
  writeFileSync(join(folder, name), `#!/bin/sh\n{ echo "$@"; /bin/cat; } >> '${file}'\n`)
  chmodSync(join(folder, name), 0o755)
  return { env: { PATH: folder }, said: () => readFileSync(file, 'utf8') }
}

test('systemd gets its states through systemd-notify, and only where it asks for it', async () => {
  const { env, said } = standIn('systemd-notify')
  const failed = vi.fn<(reason: string) => void>()
  notifyService(['READY=1'], failed, env)
  notifyService(['READY=1', 'STATUS=serving /srv/tftp'], failed, { ...env, NOTIFY_SOCKET: '/run/systemd/notify' })
  await expect.poll(said).toBe('READY=1 STATUS=serving /srv/tftp\n')
  expect(failed).not.toHaveBeenCalled()
  notifyService(['READY=1'], failed, { PATH: '/nowhere', NOTIFY_SOCKET: 'x' })
  await expect.poll(() => failed.mock.calls).toEqual([[expect.stringMatching(/^cannot send to systemd READY=1: /)]])
})

test('the system log gets its lines through logger', async () => {
  const { env, said } = standIn('logger')
  const printer = openSyslog('in.tftpd', env)
  printer.say('hello')
  printer.close()
  await expect.poll(said).toBe(`--prio-prefix --id=${process.pid} --tag in.tftpd\n<30>hello\n`)
})

test('a server is idle when no request came and nothing ran for so long', () => {
  vi.useFakeTimers()
  try {
    let requests = 0
    let noise = 0
    let running: unknown[] = []
    let idle = 0
    const server = {
      stats: () => ({ network: { requests: requests + noise, ignored: noise } }),
      transfers: () => running,
    } as unknown as Server
    watchIdle(server, 10, () => idle++)
    vi.advanceTimersByTime(9000)
    requests++
    noise += 5
    vi.advanceTimersByTime(9000)
    running = [1]
    vi.advanceTimersByTime(30_000)
    expect(idle).toBe(0)
    running = []
    vi.advanceTimersByTime(11_000)
    expect(idle).toBe(1)
    vi.advanceTimersByTime(60_000)
    expect(idle).toBe(1)
  } finally {
    vi.useRealTimers()
  }
})
