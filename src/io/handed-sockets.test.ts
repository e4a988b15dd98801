import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { familyOf, handedSockets } from './handed-sockets.ts'

describe('handedSockets', () => {
  test.each<[string, Record<string, string>, number[]]>([
    ['nothing', {}, []],
    ['systemd', { LISTEN_PID: '42', LISTEN_FDS: '2' }, [3, 4]],
    ['those of another process', { LISTEN_PID: '41', LISTEN_FDS: '2' }, []],
    ['the launcher, for whatever process that was', { LISTEN_PID: '41', LISTEN_FDS: '9', FORESEND_SOCKETS: '1' }, [3]],
    ['nonsense', { LISTEN_PID: '42', LISTEN_FDS: 'x' }, []],
    ['too many', { LISTEN_PID: '42', LISTEN_FDS: '1000' }, Array.from({ length: 64 }, (_, i) => 3 + i)],
  ])('%s', (_, env, fds) => expect(handedSockets(env, 42)).toEqual(fds))

  test('programs that are started later do not see them', () => {
    const env = { LISTEN_PID: '42', LISTEN_FDS: '1', LISTEN_FDNAMES: 'a', FORESEND_SOCKETS: '1', PATH: '/bin' }
    handedSockets(env, 42)
    expect(env).toEqual({ PATH: '/bin' })
  })
})

describe.runIf(process.platform === 'linux')('familyOf', () => {
  const sockets = (): string[] =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
      } catch {
        return false
      }
    })

  test.each([
    ['udp4', '127.0.0.1', 4],
    ['udp6', '::1', 6],
  ] as const)('%s', async (type, address, family) => {
    const before = new Set(sockets())
    const socket = createSocket(type).bind(0, address)
    onTestFinished(() => void socket.close())
    await once(socket, 'listening')
    const [fd] = sockets().filter((one) => !before.has(one))
    expect(familyOf(Number(fd))).toBe(family)
  })

  test('what is none', () => expect(() => familyOf(999_999)).toThrow(/descriptor 999999 is no UDP socket/))
})
