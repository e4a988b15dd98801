/**
 * The other side of beside-attack.ts, a process of its own: `attacker.ts KIND PORT HTTP_PORT MS`. It prints a line when it begins and one
 * when it ends.
 */
import { connect, type Socket } from 'node:net'
import { HostPort, hostNetwork } from '../../src/load/hosts.ts'
import { loadNative } from '../../src/io/native/linux.ts'

const REQUESTS_PER_SEC = 20_000
/** Sent at once, so that timers of a millisecond are enough. */
const TICK_MS = 2
const SLOW_CONNECTIONS = 1000
const READERS = 500
const ENDLESS_BODIES = 50
const REPLACED_EACH_MS = 50

const [kind, port, httpPort, lastsMs] = process.argv.slice(2)
const endsAt = performance.now() + Number(lastsMs)
await (kind === 'requests' ? sendRequests() : attackHttp())

/** Requests for a file that is there, each from an address that never answers. */
async function sendRequests(): Promise<void> {
  const native = loadNative()
  if (typeof native === 'string') throw new Error(native)
  const hosts = new HostPort(hostNetwork(native, '127.0.0.1', Number(port)), 0)
  const request = Buffer.from('\0\x01image\0octet\0blksize\x001428\0windowsize\x008\0', 'latin1')
  const begun = performance.now()
  let sent = 0
  console.log('begins')
  for (let now = begun; now < endsAt; now = performance.now()) {
    for (const due = ((now - begun) / 1000) * REQUESTS_PER_SEC; sent < due; sent++) {
      // Not the same hosts in the next round.
      hosts.send((process.pid * 211_000 + sent) % 0x10_0000, Number(port), request, request.length)
    }
    hosts.flush()
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  const perSec = (sent * 1000) / (performance.now() - begun)
  console.log(`${sent} requests, ${perSec.toFixed(0)} in a second, ${hosts.sendErrors} not sent`)
  hosts.close()
}

/** Connections that send half a request, readers of the stream that do not read, bodies without an end; one that is closed is opened again. */
async function attackHttp(): Promise<void> {
  let opened = 0
  let refused = 0
  const head = `HTTP/1.1\r\nHost: 127.0.0.1:${httpPort}\r\n`
  const slow = 'GET /api/v1/status HTTP/1.1\r\nHost: 127.'
  const reader = `GET /api/v1/events ${head}\r\n`
  const endless = `POST /api/v1/reload ${head}Transfer-Encoding: chunked\r\n\r\nffffff\r\n`
  const all: readonly [kind: string, connections: number, text: string][] = [
    ['slow', SLOW_CONNECTIONS, slow],
    ['readers', READERS, reader],
    ['bodies', ENDLESS_BODIES, endless],
  ]
  const kinds = all.filter(([name]) => kind === 'http' || kind === name)
  const open = new Set<Socket>()
  const fill = (): void => {
    for (const [, most, text] of kinds) {
      const live = [...open].filter((socket) => of.get(socket) === text).length
      for (let i = live; i < most; i++) {
        const socket = connect(Number(httpPort), '127.0.0.1')
        of.set(socket, text)
        open.add(socket)
        opened++
        socket.on('error', () => refused++).on('close', () => open.delete(socket))
        if (text === reader) socket.pause()
        else socket.resume()
        socket.write(text)
      }
    }
    for (const socket of open) if (of.get(socket) === endless && socket.writable) socket.write('x'.repeat(1000))
  }
  const of = new Map<Socket, string>()
  console.log('begins')
  while (performance.now() < endsAt) {
    fill()
    await new Promise((resolve) => setTimeout(resolve, REPLACED_EACH_MS))
  }
  console.log(`${opened} connections opened, ${open.size} open at the end, ${refused} broken off`)
  for (const socket of open) socket.destroy()
}
