/** The packet socket against a played kernel: what its filter lets through, what a frame becomes, and that nothing stays open. */
import { describe, expect, test } from 'vitest'
import { FakeNative } from '../../test/double/native.ts'
import { ethernet, ip, packet, udp } from '../../test/golden/capture-maker.ts'
import { CLIENT, SERVER } from '../../test/golden/capture-scene.ts'
import { type CapturedRecord, DIRECTION } from '../capture/read/record.ts'
import { openFrameSource } from './frame-source.ts'
import * as linux from './native/linux.ts'

interface Arrived {
  readonly bytes: Uint8Array
  /** As in sockaddr_ll: 0 for this machine, 4 for one that it sent. */
  readonly packetType: number
  readonly dropped?: number
}

class Kernel extends FakeNative {
  readonly steps: string[] = []
  readonly arriving: Arrived[] = []
  bindErrno = 0
  filter = new Uint8Array(0)
  #memory = new Map<bigint, ArrayBuffer>()

  override address(buffer: ArrayBuffer): bigint {
    const address = super.address(buffer)
    this.#memory.set(address, buffer)
    return address
  }

  override bind(_fd?: number, name?: Uint8Array): number {
    if (name !== undefined) this.steps.push(`bind ${[...name.subarray(0, 8)].join(' ')}`)
    return -this.bindErrno
  }

  override setsockoptBytes(_fd?: number, level?: number, option?: number, value?: Uint8Array): number {
    this.steps.push(`setsockopt ${level} ${option}`)
    if (option === linux.SO_ATTACH_FILTER && value !== undefined) {
      const view = new DataView(value.buffer)
      const { view: at, offset } = this.#at(view.getBigUint64(linux.FILTER_PROGRAM.filter, true))
      this.filter = new Uint8Array(at, offset, view.getUint16(0, true) * linux.FILTER.bytes).slice()
    }
    return 0
  }

  override recvmmsg(_fd: number, messages: Uint8Array, count: number): number {
    const header = new DataView(messages.buffer)
    const frames = this.arriving.splice(0, count)
    for (const [i, { bytes, packetType, dropped = 0 }] of frames.entries()) {
      const at = i * linux.MMSGHDR.bytes
      const iov = this.#at(header.getBigUint64(at + linux.MMSGHDR.iov, true))
      const vector = new DataView(iov.view, iov.offset)
      const data = this.#at(vector.getBigUint64(0, true))
      new Uint8Array(data.view, data.offset).set(bytes)
      const name = this.#at(header.getBigUint64(at + linux.MMSGHDR.name, true))
      new DataView(name.view, name.offset).setUint8(linux.SOCKADDR_LL.packetType, packetType)
      const control = this.#at(header.getBigUint64(at + linux.MMSGHDR.control, true))
      const room = Number(header.getBigUint64(at + linux.MMSGHDR.controlBytes, true))
      header.setBigUint64(
        at + linux.MMSGHDR.controlBytes,
        BigInt(writeControl(control.view, control.offset, room, dropped)),
        true,
      )
      header.setUint32(at + linux.MMSGHDR.length, bytes.length, true)
    }
    return frames.length === 0 ? -linux.EAGAIN : frames.length
  }

  #at(address: bigint): { view: ArrayBuffer; offset: number } {
    for (const [start, view] of this.#memory) {
      const offset = Number(address - start)
      if (offset >= 0 && offset < view.byteLength) return { view, offset }
    }
    throw new Error('no such memory')
  }
}

/** The time 1,700,000,000.5 s, and the number of dropped frames. */
function writeControl(buffer: ArrayBuffer, at: number, room: number, dropped: number): number {
  const view = new DataView(buffer, at)
  const head = (offset: number, bytes: number, type: number): void => {
    view.setBigUint64(offset, BigInt(linux.CMSG.data + bytes), true)
    view.setInt32(offset + linux.CMSG.level, linux.SOL_SOCKET, true)
    view.setInt32(offset + linux.CMSG.type, type, true)
  }
  head(0, 16, linux.SO_TIMESTAMPNS)
  view.setBigUint64(16, 1_700_000_000n, true)
  view.setBigUint64(24, 500_000_000n, true)
  head(32, 4, linux.SO_RXQ_OVFL)
  view.setUint32(48, dropped, true)
  expect(room).toBeGreaterThanOrEqual(56)
  return 56
}

/** Runs classic BPF as the kernel does: true when the frame is let through. */
function passes(filter: Uint8Array, frame: Uint8Array): boolean {
  const view = new DataView(filter.buffer)
  let a = 0
  for (let pc = 0; ; pc++) {
    const at = pc * linux.FILTER.bytes
    const code = view.getUint16(at, true)
    const value = view.getUint32(at + linux.FILTER.value, true)
    if (code === 0x28) a = (frame[value] << 8) | frame[value + 1]
    else if (code === 0x30) a = frame[value]
    else if (code === 0x15) pc += view.getUint8(at + (a === value ? linux.FILTER.onTrue : linux.FILTER.onFalse))
    else if (code === 0x06) return value > 0
    else throw new Error(`code ${code}`)
  }
}

const frameOf = (protocol: number): Uint8Array =>
  ethernet(CLIENT.mac, SERVER.mac, 0x0800, ip(CLIENT.address, SERVER.address, new Uint8Array(8), { protocol }))
const request = ethernet(
  CLIENT.mac,
  SERVER.mac,
  0x0800,
  ip(CLIENT.address, SERVER.address, udp(CLIENT.address, SERVER.address, 2070, 69, packet.rrq('a'))),
)
const ipv6 = (next: number): Uint8Array => {
  const frame = ethernet(CLIENT.mac, SERVER.mac, 0x86dd, new Uint8Array(48))
  frame[20] = next
  return frame
}

describe('the filter', () => {
  const kernel = new Kernel()
  openFrameSource(kernel, 'eth0', false)
  test.each<[string, Uint8Array, boolean]>([
    ['UDP', request, true],
    ['ICMP', frameOf(1), true],
    ['TCP', frameOf(6), false],
    ['ARP', ethernet(CLIENT.mac, SERVER.mac, 0x0806, new Uint8Array(28)), true],
    ['a VLAN tag', ethernet(CLIENT.mac, SERVER.mac, 0x8100, new Uint8Array(48)), true],
    ['UDP of IPv6', ipv6(17), true],
    ['ICMPv6', ipv6(58), true],
    ['fragments of IPv6', ipv6(44), true],
    ['TCP of IPv6', ipv6(6), false],
    ['spanning tree', ethernet(CLIENT.mac, SERVER.mac, 0x0026, new Uint8Array(38)), false],
  ])('%s', (_, frame, is) => {
    expect(passes(kernel.filter, frame)).toBe(is)
  })
})

describe('frames', () => {
  function read(arriving: readonly Arrived[], isLoopback = false) {
    const kernel = new Kernel()
    const source = openFrameSource(kernel, 'eth0', isLoopback)
    kernel.arriving.push(...arriving)
    const records: CapturedRecord[] = []
    const frames = source.read((record) =>
      records.push({ ...record, buffer: record.buffer.slice(record.offset, record.offset + record.length), offset: 0 }),
    )
    return { records, frames, source }
  }

  test("come with the kernel's time, numbered, and marked where this machine sent them", () => {
    const { records, frames, source } = read([
      { bytes: request, packetType: 0 },
      { bytes: frameOf(1), packetType: 4, dropped: 7 },
    ])
    expect(frames).toBe(2)
    expect(records[0]).toMatchObject({
      number: 1,
      seconds: 1_700_000_000,
      nanos: 500_000_000,
      linkType: 1,
      direction: DIRECTION.received,
      originalBytes: request.length,
    })
    expect(records[0].buffer).toEqual(request)
    expect(records[1]).toMatchObject({ number: 2, direction: DIRECTION.sent })
    expect(source.dropped).toBe(7)
  })

  test('on loopback each is taken once', () => {
    const { records } = read(
      [
        { bytes: request, packetType: 4 },
        { bytes: request, packetType: 0 },
      ],
      true,
    )
    expect(records.map(({ direction }) => direction)).toEqual([DIRECTION.unknown])
  })

  test('of more than one call are all read', () => {
    const many = Array.from({ length: 100 }, () => ({ bytes: request, packetType: 0 }))
    expect(read(many).frames).toBe(100)
  })
})

describe('opening', () => {
  test('the filter stands before the first frame can come, on the card that is named', () => {
    const kernel = new Kernel()
    openFrameSource(kernel, 'eth0', false)
    expect(kernel.steps).toEqual([
      `setsockopt ${linux.SOL_SOCKET} ${linux.SO_ATTACH_FILTER}`,
      'bind 17 0 0 3 1 0 0 0',
      `setsockopt ${linux.SOL_PACKET} ${linux.PACKET_ADD_MEMBERSHIP}`,
    ])
  })

  test('what is refused has the code of the system, and leaves no socket', () => {
    const kernel = new Kernel()
    kernel.bindErrno = 19
    expect(() => openFrameSource(kernel, 'eth0', false)).toThrow(expect.objectContaining({ code: 'ENODEV' }))
    expect(kernel.closed).toHaveLength(1)
    kernel.refuseSocket = linux.EPERM
    expect(() => openFrameSource(kernel, 'eth0', false)).toThrow(expect.objectContaining({ code: 'EPERM' }))
    kernel.interfaceIndex = () => 0
    expect(() => openFrameSource(kernel, 'eth9', false)).toThrow(expect.objectContaining({ code: 'ENODEV' }))
    expect(kernel.closed).toHaveLength(1)
  })
})
