import { expect, test } from 'vitest'
import { FakeNative } from '../../../test/double/native.ts'
import * as linux from './linux.ts'
import { boundPort, openUdpSocket } from './udp-socket.ts'

/** A kernel that notes the options that are set, and refuses the ones that it is told to. */
class Kernel extends FakeNative {
  readonly set: string[] = []
  readonly refused = new Map<number, number>()
  bindErrno = 0

  override setsockopt(_fd?: number, level?: number, option?: number, value?: number): number {
    this.set.push(`${level} ${option} ${value}`)
    return -(this.refused.get(option ?? 0) ?? 0)
  }

  override bind(): number {
    return -this.bindErrno
  }
}

test('every option that is asked for is set, for the family of the address', () => {
  const all = { errorQueue: true, sharedPort: true, joinsDatagrams: true, sendBytes: 2, receiveBytes: 1 }
  const four = new Kernel()
  openUdpSocket(four, { ...all, local: '127.0.0.1', tellsDestination: true })
  expect(four.set).toEqual([
    `${linux.SOL_SOCKET} ${linux.SO_REUSEPORT} 1`,
    `${linux.SOL_IP} ${linux.IP_RECVERR} 1`,
    `${linux.SOL_IP} ${linux.IP_PKTINFO} 1`,
    `${linux.SOL_UDP} ${linux.UDP_GRO} 1`,
    `${linux.SOL_SOCKET} ${linux.SO_RCVBUFFORCE} 1`,
    `${linux.SOL_SOCKET} ${linux.SO_SNDBUFFORCE} 2`,
  ])
  const six = new Kernel()
  openUdpSocket(six, { local: '::1', errorQueue: true, receiveBytes: 1 })
  expect(six.set).toEqual([
    `${linux.SOL_IPV6} ${linux.IPV6_V6ONLY} 1`,
    `${linux.SOL_IPV6} ${linux.IPV6_RECVERR} 1`,
    `${linux.SOL_SOCKET} ${linux.SO_RCVBUFFORCE} 1`,
  ])
  const plain = new Kernel()
  openUdpSocket(plain, { local: '127.0.0.1', receiveBytes: 1 })
  expect(plain.set).toEqual([`${linux.SOL_SOCKET} ${linux.SO_RCVBUFFORCE} 1`])
})

test('a system that does not let a buffer be forced gives its limit, and one without joined datagrams is used as it is', () => {
  const kernel = new Kernel()
  kernel.refused.set(linux.SO_RCVBUFFORCE, linux.EPERM).set(linux.UDP_GRO, linux.EINVAL)
  openUdpSocket(kernel, { local: '127.0.0.1', receiveBytes: 7, joinsDatagrams: true })
  expect(kernel.set.at(-1)).toBe(`${linux.SOL_SOCKET} ${linux.SO_RCVBUF} 7`)
  expect(kernel.closed).toEqual([])
})

test('a socket that cannot be set up is closed, and the error has the name of what the system said', () => {
  const kernel = new Kernel()
  kernel.bindErrno = 98
  expect(() => openUdpSocket(kernel, { local: '127.0.0.1', receiveBytes: 1 })).toThrow(
    expect.objectContaining({ code: 'EADDRINUSE', message: 'bind EADDRINUSE', errno: 98 }),
  )
  kernel.refused.set(linux.IP_RECVERR, linux.EINVAL)
  expect(() => openUdpSocket(kernel, { local: '127.0.0.1', receiveBytes: 1, errorQueue: true })).toThrow(
    expect.objectContaining({ code: 'EINVAL', message: 'setsockopt EINVAL' }),
  )
  expect(kernel.closed.length).toBe(2)
})

test('the port is the one that the system chose', () => {
  const kernel = new Kernel()
  const fd = openUdpSocket(kernel, { local: '127.0.0.1', receiveBytes: 1 })
  expect(boundPort(kernel, fd)).toBe(40 * 256 + ((fd + 1) & 255))
})
