/** Whether the batch driver can work here, tried for real: a window through loopback that the kernel cuts up. */
import * as linux from './linux.ts'
import type { Native } from './linux.ts'
import { loadNative } from './linux.ts'
import { Messages, SEGMENT_CONTROL_BYTES, SLOT_BYTES } from './messages.ts'
import { portOf, writeSockaddr } from './sockaddr.ts'

const SEGMENT_BYTES = 100
/** Two whole segments and a shorter one. */
const WINDOW_BYTES = 250
const WAIT_MS = 200

/** The foreign functions, or the reason in words why there is no batch driver here. `native` for tests. */
export function probeBatch(native: Native | string = loadNative()): Native | string {
  if (typeof native === 'string') return native
  const fds: number[] = []
  try {
    for (let i = 0; i < 2; i++) fds.push(must('socket', native.socket(linux.AF_INET, linux.DATAGRAM_SOCKET)))
    const [from, to] = fds as [number, number]
    must('setsockopt IP_RECVERR', native.setsockopt(from, linux.SOL_IP, linux.IP_RECVERR, 1))
    const name = new Uint8Array(linux.SOCKADDR.bytes)
    must('bind', native.bind(to, name, writeSockaddr(native, name, '127.0.0.1', 0)))
    must('getsockname', native.getsockname(to, name))
    sendWindow(native, from, portOf(name))
    return receiveWindow(native, to) ? native : 'a window through loopback did not arrive as it was sent'
  } catch (error) {
    return (error as Error).message
  } finally {
    for (const fd of fds) native.close(fd)
  }
}

function sendWindow(native: Native, fd: number, port: number): void {
  const messages = new Messages(native, 1, SEGMENT_CONTROL_BYTES)
  for (let i = 0; i < WINDOW_BYTES; i++) messages.data[i] = i
  messages.setNameBytes(0, writeSockaddr(native, new Uint8Array(messages.names.buffer), '127.0.0.1', port))
  messages.setLength(0, WINDOW_BYTES)
  messages.layOutSegments()
  messages.setSegmentBytes(0, SEGMENT_BYTES)
  must('sendmmsg with UDP_SEGMENT (Linux 4.18)', native.sendmmsg(fd, messages.headers, 1))
}

function receiveWindow(native: Native, fd: number): boolean {
  const messages = new Messages(native, 4, 0)
  const poll = new Uint8Array(linux.POLLFD.bytes)
  const view = new DataView(poll.buffer)
  view.setInt32(linux.POLLFD.fd, fd, true)
  view.setInt16(linux.POLLFD.events, linux.POLLIN, true)
  must('ppoll', native.poll(poll, 1, WAIT_MS))
  const count = must('recvmmsg', native.recvmmsg(fd, messages.headers, messages.count))
  let at = 0
  for (let i = 0; i < count; i++) {
    const length = messages.received(i)
    if (length !== Math.min(SEGMENT_BYTES, WINDOW_BYTES - at)) return false
    for (let k = 0; k < length; k++, at++) if (messages.data[i * SLOT_BYTES + k] !== at % 256) return false
  }
  return at === WINDOW_BYTES
}

function must(what: string, result: number): number {
  if (result < 0) throw new Error(`the kernel refuses ${what} (errno ${-result})`)
  return result
}
