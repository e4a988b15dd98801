/**
 * Frames of a network card, as they pass: a packet socket (Linux, root) that takes what concerns TFTP and leaves the rest in the kernel. It only
 * listens, and sends nothing.
 */
import { getSystemErrorName } from 'node:util'
import { type CapturedRecord, DIRECTION, emptyRecord } from '../capture/read/record.ts'
import * as linux from './native/linux.ts'
import type { Native } from './native/linux.ts'
import { Messages, NAME_WORDS, SLOT_BYTES } from './native/messages.ts'
import { growReceiveBuffer } from './native/udp-socket.ts'

/** What a burst of a fast transfer needs while this program prints. */
const RECEIVE_BYTES = 16 * 1024 * 1024
/** Frames of one call. */
const BATCH = 32
/** Calls in a row before the rest of the program gets its turn. */
const MAX_CALLS = 64
/** Space for the time and for the number of dropped frames. */
const CONTROL_BYTES = 64
const LINKTYPE_ETHERNET = 1
const ETH_P_ALL = 3
const PACKET_OUTGOING = 4
const PACKET_MR_PROMISC = 1
const WORDS_OF_PACKET_TYPE = linux.SOCKADDR_LL.packetType >> 2

/** Classic BPF: load a half word or byte of the frame, jump if equal, return. */
const BPF = { loadHalf: 0x28, loadByte: 0x30, equals: 0x15, accept: 0x06 } as const
const WHOLE_FRAME = 0x40000

/**
 * ARP, UDP and ICMP of IPv4, UDP, ICMPv6 and fragments of IPv6, and what has a VLAN tag. Jumps count from the next line:
 *
 *     0 type of the frame     1..4 accept or go on     5 protocol of IPv4     8 next header of IPv6
 */
const FILTER: readonly (readonly [code: number, onTrue: number, onFalse: number, value: number])[] = [
  [BPF.loadHalf, 0, 0, 12],
  [BPF.equals, 11, 0, 0x0806],
  [BPF.equals, 10, 0, 0x8100],
  [BPF.equals, 1, 0, 0x0800],
  [BPF.equals, 3, 7, 0x86dd],
  [BPF.loadByte, 0, 0, 23],
  [BPF.equals, 6, 0, 17],
  [BPF.equals, 5, 4, 1],
  [BPF.loadByte, 0, 0, 20],
  [BPF.equals, 3, 0, 17],
  [BPF.equals, 2, 0, 58],
  [BPF.equals, 1, 0, 44],
  [BPF.accept, 0, 0, 0],
  [BPF.accept, 0, 0, WHOLE_FRAME],
]

export interface FrameSource {
  /** Hands on what has arrived; the record and its bytes are lent for the call. Returns the number of frames. Never waits. */
  read(onFrame: (record: CapturedRecord) => void): number
  /** Frames that were lost because they came faster than they were read. */
  readonly dropped: number
  close(): void
}

/** Throws an error with the system's `code`: EPERM without the right to listen, ENODEV when there is no such card. */
export function openFrameSource(native: Native, card: string, isLoopback: boolean): FrameSource {
  const index = native.interfaceIndex(card)
  if (index === 0) throw systemError('if_nametoindex', 'ENODEV')
  // Bound to no protocol yet: nothing of other cards gets in before the filter is there.
  const fd = check('socket', native.socket(linux.AF_PACKET, linux.RAW_SOCKET))
  try {
    attachFilter(native, fd)
    native.setsockopt(fd, linux.SOL_SOCKET, linux.SO_TIMESTAMPNS, 1)
    native.setsockopt(fd, linux.SOL_SOCKET, linux.SO_RXQ_OVFL, 1)
    growReceiveBuffer(native, fd, RECEIVE_BYTES)
    const name = new Uint8Array(linux.SOCKADDR_LL.bytes)
    const view = new DataView(name.buffer)
    view.setUint16(0, linux.AF_PACKET, true)
    view.setUint16(linux.SOCKADDR_LL.protocol, ETH_P_ALL)
    view.setInt32(linux.SOCKADDR_LL.index, index, true)
    check('bind', native.bind(fd, name, name.length))
    listenToAll(native, fd, index)
  } catch (error) {
    native.close(fd)
    throw error
  }
  return new PacketSocket(native, fd, isLoopback)
}

class PacketSocket implements FrameSource {
  dropped = 0
  readonly #native: Native
  readonly #fd: number
  readonly #isLoopback: boolean
  readonly #messages: Messages
  readonly #record: CapturedRecord = { ...emptyRecord(), linkType: LINKTYPE_ETHERNET }

  constructor(native: Native, fd: number, isLoopback: boolean) {
    this.#native = native
    this.#fd = fd
    this.#isLoopback = isLoopback
    this.#messages = new Messages(native, BATCH, CONTROL_BYTES)
    for (let i = 0; i < BATCH; i++) this.#prepare(i)
  }

  read(onFrame: (record: CapturedRecord) => void): number {
    let frames = 0
    for (let call = 0; call < MAX_CALLS; call++) {
      const count = this.#native.recvmmsg(this.#fd, this.#messages.headers, BATCH)
      // A card that was switched off reports that once; what it sees next comes by itself.
      if (count <= 0) break
      for (let i = 0; i < count; i++) if (this.#take(i, onFrame)) frames++
      if (count < BATCH) break
    }
    return frames
  }

  close(): void {
    this.#native.close(this.#fd)
  }

  #take(i: number, onFrame: (record: CapturedRecord) => void): boolean {
    const messages = this.#messages
    const record = this.#record
    const length = messages.received(i)
    const packetType = (messages.names[i * NAME_WORDS + WORDS_OF_PACKET_TYPE] >>> 16) & 0xff
    this.#readControl(messages.controlAt(i), messages.controlBytes(i))
    this.#prepare(i)
    const isSent = packetType === PACKET_OUTGOING
    // On loopback each frame passes twice.
    if (this.#isLoopback && isSent) return false
    record.number++
    record.buffer = messages.data
    record.offset = i * SLOT_BYTES
    record.length = length
    record.originalBytes = length
    record.direction = this.#isLoopback ? DIRECTION.unknown : isSent ? DIRECTION.sent : DIRECTION.received
    onFrame(record)
    return true
  }

  #readControl(from: number, bytes: number): void {
    const view = this.#messages.controlView
    const end = from + bytes
    for (let at = from; at + linux.CMSG.data <= end; ) {
      const length = view.getUint32(at + linux.CMSG.length, true)
      if (length < linux.CMSG.data || at + length > end) return
      const type = view.getInt32(at + linux.CMSG.type, true)
      const data = at + linux.CMSG.data
      if (type === linux.SO_TIMESTAMPNS) {
        this.#record.seconds = view.getUint32(data, true) + view.getUint32(data + 4, true) * 0x1_0000_0000
        this.#record.nanos = view.getUint32(data + 8, true)
      } else if (type === linux.SO_RXQ_OVFL) this.dropped = view.getUint32(data, true)
      at += Math.ceil(length / linux.CMSG.align) * linux.CMSG.align
    }
  }

  #prepare(i: number): void {
    this.#messages.setControlBytes(i, CONTROL_BYTES)
    this.#messages.setNameBytes(i, linux.SOCKADDR.bytes)
  }
}

function attachFilter(native: Native, fd: number): void {
  // One piece of memory, which the call keeps alive: the program, and the filter that it points to.
  const memory = new ArrayBuffer(linux.FILTER_PROGRAM.bytes + FILTER.length * linux.FILTER.bytes)
  const view = new DataView(memory)
  const filterAt = linux.FILTER_PROGRAM.bytes
  view.setUint16(linux.FILTER_PROGRAM.count, FILTER.length, true)
  view.setBigUint64(linux.FILTER_PROGRAM.filter, native.address(memory) + BigInt(filterAt), true)
  for (const [line, [code, onTrue, onFalse, value]] of FILTER.entries()) {
    const at = filterAt + line * linux.FILTER.bytes
    view.setUint16(at + linux.FILTER.code, code, true)
    view.setUint8(at + linux.FILTER.onTrue, onTrue)
    view.setUint8(at + linux.FILTER.onFalse, onFalse)
    view.setUint32(at + linux.FILTER.value, value, true)
  }
  const program = new Uint8Array(memory, 0, linux.FILTER_PROGRAM.bytes)
  check('setsockopt', native.setsockoptBytes(fd, linux.SOL_SOCKET, linux.SO_ATTACH_FILTER, program))
}

/** A mirrored port or a hub shows frames for other machines. A card that cannot is used as it is. */
function listenToAll(native: Native, fd: number, index: number): void {
  const request = new DataView(new ArrayBuffer(linux.PACKET_MREQ.bytes))
  request.setInt32(linux.PACKET_MREQ.index, index, true)
  request.setUint16(linux.PACKET_MREQ.type, PACKET_MR_PROMISC, true)
  const bytes = new Uint8Array(request.buffer as ArrayBuffer)
  native.setsockoptBytes(fd, linux.SOL_PACKET, linux.PACKET_ADD_MEMBERSHIP, bytes)
}

function check(call: string, result: number): number {
  if (result >= 0) return result
  throw systemError(call, getSystemErrorName(result))
}

function systemError(call: string, code: string): Error {
  return Object.assign(new Error(`${call} ${code}`), { code })
}
