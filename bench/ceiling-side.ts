/**
 * One of the two processes of ceiling.ts: `receive BLKSIZE WINDOWSIZE MS WAY` prints its port, `send … PORT` prints MB/s.
 * Nothing is printed where the foreign functions cannot be had.
 */
import * as linux from '../src/io/native/linux.ts'
import { loadNative, type Native } from '../src/io/native/linux.ts'
import { Messages } from '../src/io/native/messages.ts'
import { portOf, writeSockaddr } from '../src/io/native/sockaddr.ts'

const HEADER_BYTES = 4
/** UDP_MAX_SEGMENTS of older kernels, and what IPv4 carries in a datagram. */
const MAX_SEGMENTS = 64
const MAX_UDP_BYTES = 65_507
/** CMSG_SPACE(sizeof(uint16_t)) and CMSG_LEN of the same. */
const CONTROL_BYTES = 24
const CONTROL_LENGTH = 18
const MESSAGES = 64
const BUFFER_BYTES = 4 * 1024 * 1024
/** Nothing is lost on loopback; should it be, the window is sent again after this. */
const REPEAT_MS = 200
const WARM_SHARE = 0.25
/** The receiver ends by itself when nothing comes. */
const LONELY_MS = 5000
/** The clock is read once for this many empty reads of the socket. */
const LOOKS = 1024
/** The same for windows. */
const ROUNDS = 16

interface Shape {
  readonly segmentBytes: number
  readonly windowsize: number
  readonly ms: number
  readonly coalesced: boolean
}

const [role, blksize, windowsize, ms, way, port] = process.argv.slice(2)
const native = loadNative()
if (typeof native !== 'string') {
  const shape = {
    segmentBytes: Number(blksize) + HEADER_BYTES,
    windowsize: Number(windowsize),
    ms: Number(ms),
    coalesced: way === 'coalesced',
  }
  if (role === 'receive') receive(native, shape)
  else console.log(send(native, shape, Number(port)))
}

/** Answers each window with four bytes until nothing comes any more. */
function receive(native: Native, { segmentBytes, windowsize, coalesced }: Shape): void {
  const fd = open(native)
  if (coalesced) native.setsockopt(fd, linux.SOL_UDP, linux.UDP_GRO, 1)
  const name = new Uint8Array(linux.SOCKADDR.bytes)
  native.getsockname(fd, name)
  process.stdout.write(`${portOf(name)}\n`)
  const incoming = new Messages(native, MESSAGES, 0)
  const answer = new Messages(native, 1, 0)
  answer.setLength(0, HEADER_BYTES)
  const windowBytes = segmentBytes * windowsize
  let bytes = 0
  let known = false
  let heardAt = performance.now()
  for (let empty = 0; empty % LOOKS !== 0 || performance.now() - heardAt < LONELY_MS; ) {
    const count = native.recvmmsg(fd, incoming.headers, incoming.count)
    if (count <= 0) {
      empty++
      continue
    }
    if (!known) {
      answer.names.set(incoming.names.subarray(0, answer.names.length))
      answer.setNameBytes(0, linux.SOCKADDR.inBytes)
      native.connect(fd, new Uint8Array(answer.names.buffer), linux.SOCKADDR.inBytes)
      known = true
    }
    for (let i = 0; i < count; i++) bytes += incoming.received(i)
    if (bytes < windowBytes) continue
    bytes = 0
    if (++empty % LOOKS === 0) heardAt = performance.now()
    native.sendmmsg(fd, answer.headers, 1)
  }
}

/** MB/s of content. */
function send(native: Native, shape: Shape, port: number): string {
  const fd = open(native)
  const name = new Uint8Array(linux.SOCKADDR.bytes)
  native.connect(fd, name, writeSockaddr(native, name, '127.0.0.1', port))
  const { messages, count } = windowOf(native, shape)
  const incoming = new Messages(native, 4, 0)
  const content = (shape.segmentBytes - HEADER_BYTES) * shape.windowsize
  const round = (): void => {
    native.sendmmsg(fd, messages.headers, count)
    let sentAt = 0
    for (let looks = 1; native.recvmmsg(fd, incoming.headers, incoming.count) <= 0; looks++) {
      if (looks % LOOKS !== 0) continue
      if (sentAt === 0) sentAt = performance.now()
      if (performance.now() - sentAt < REPEAT_MS) continue
      native.sendmmsg(fd, messages.headers, count)
      sentAt = performance.now()
    }
  }
  for (const until = performance.now() + shape.ms * WARM_SHARE; performance.now() < until; ) round()
  const started = performance.now()
  let rounds = 0
  for (; rounds % ROUNDS !== 0 || performance.now() - started < shape.ms; rounds++) round()
  return ((rounds * content) / 1000 / (performance.now() - started)).toFixed(2)
}

/** The messages of a window, each of them one that the kernel cuts into datagrams. */
function windowOf(native: Native, { segmentBytes, windowsize }: Shape): { messages: Messages; count: number } {
  const each = windowsize === 1 ? 1 : Math.min(MAX_SEGMENTS, Math.floor(MAX_UDP_BYTES / segmentBytes))
  const count = Math.ceil(windowsize / each)
  const messages = new Messages(native, count, CONTROL_BYTES)
  for (let i = 0; i < count; i++) {
    messages.setNameBytes(i, 0)
    messages.setLength(i, Math.min(each, windowsize - i * each) * segmentBytes)
    messages.setControlBytes(i, windowsize === 1 ? 0 : CONTROL_BYTES)
    const at = messages.controlAt(i)
    messages.controlView.setBigUint64(at + linux.CMSG.length, BigInt(CONTROL_LENGTH), true)
    messages.controlView.setInt32(at + linux.CMSG.level, linux.SOL_UDP, true)
    messages.controlView.setInt32(at + linux.CMSG.type, linux.UDP_SEGMENT, true)
    messages.controlView.setUint16(at + linux.CMSG.data, segmentBytes, true)
  }
  return { messages, count }
}

function open(native: Native): number {
  const fd = native.socket(linux.AF_INET, linux.DATAGRAM_SOCKET)
  const name = new Uint8Array(linux.SOCKADDR.bytes)
  native.bind(fd, name, writeSockaddr(native, name, '127.0.0.1', 0))
  native.setsockopt(fd, linux.SOL_SOCKET, linux.SO_RCVBUFFORCE, BUFFER_BYTES)
  return fd
}
