/** Both kinds of client socket, against a port that the test holds. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import type { ForesendError } from '../../error.ts'
import { clientLoop } from './batch-loop.ts'
import { openClientSocket } from './open.ts'
import type { ClientSocket, ClientSocketOptions } from './socket.ts'

const open: { close(): void }[] = []
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))
const drivers = clientLoop() === undefined ? (['dgram'] as const) : (['dgram', 'batch'] as const)

afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

describe.each(drivers)('%s', (driver) => {
  const connect = (options: Partial<ClientSocketOptions> & { port: number }): Client => connectBy(driver, options)

  test('a request reaches the server, its answer comes from its port, and after the lock other senders are kept out', async () => {
    const door = await listen()
    const [tid, other] = [await listen(), await listen()]
    const client = connect({ port: door.port })
    client.socket.request(Buffer.from('hello'))
    const { text, from } = await door.next()
    expect(text).toBe('hello')
    tid.socket.send('answer', from)
    expect(await client.next()).toBe(`answer ${tid.port}`)
    client.socket.lock(tid.port)
    other.socket.send('other', from)
    tid.socket.send('more', from)
    expect(await client.next()).toBe(`more ${tid.port}`)
    client.socket.sendControl(Buffer.from('thanks, and what follows'), 6)
    expect(await tid.next()).toMatchObject({ text: 'thanks' })
  })

  test('blocks arrive one by one, in order, the last one shorter', async () => {
    const door = await listen()
    const client = connect({ port: door.port })
    client.socket.request(Buffer.from('r'))
    await door.next()
    client.socket.lock(door.port)
    const frame = (seq: number, target: Uint8Array): number => {
      target.fill(96 + seq)
      return seq === 5 ? 2 : 4
    }
    client.socket.sendBlocks({ frame: frame }, 1, 5, 4)
    for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd', 'ee']) expect(await door.next()).toMatchObject({ text })
  })

  test('the deadline rings once, not early, after a datagram that came before it', async () => {
    const door = await listen()
    const client = connect({ port: door.port })
    const at = client.socket.now() + 20
    client.socket.deadline(at)
    expect(await client.next()).toBe('timer')
    expect(client.socket.now()).toBeGreaterThanOrEqual(at)
    client.socket.request(Buffer.from('r'))
    const { from } = await door.next()
    door.socket.send('x', from)
    expect(await client.next()).toBe(`x ${door.port}`)
  })

  test('ICMP after the lock: unreachable, after what the server had sent before', async () => {
    const door = await listen()
    const tid = await listen()
    const client = connect({ port: door.port })
    client.socket.request(Buffer.from('r'))
    const { from } = await door.next()
    tid.socket.send('last', from)
    expect(await client.next()).toMatch(/^last/)
    client.socket.lock(tid.port)
    tid.close()
    client.socket.sendControl(Buffer.from('x'), 1)
    expect(await client.next()).toBe('unreachable')
  })

  test('an answer from another address is named, not taken', async () => {
    const door = await listen()
    const other = await listen('127.0.0.2')
    const client = connect({ port: door.port })
    client.socket.request(Buffer.from('r'))
    const { from } = await door.next()
    other.socket.send('hello', from)
    other.socket.send('hello', from)
    door.socket.send('hello', from)
    expect(await client.next()).toBe(`hello ${door.port}`)
    expect(client.socket.seen()).toBe('127.0.0.2 answered instead; ask that address')
  })

  test('an address that is not ours cannot be sent from', async () => {
    const client = connect({ port: 9, localAddress: '192.0.2.77' })
    expect(await client.next()).toMatch(/^ERR_TFTP_BIND cannot open a port on 192\.0\.2\.77.*EADDRNOTAVAIL/)
  })

  test('a local address of our own is what the server sees', async () => {
    const door = await listen()
    const client = connect({ port: door.port, localAddress: '127.0.0.3' })
    client.socket.request(Buffer.from('r'))
    expect(await door.next()).toMatchObject({ address: '127.0.0.3' })
  })

  test.skipIf(!hasIpv6)('IPv6', async () => {
    const door = await listen('::1')
    const client = connect({ address: '::1', port: door.port })
    client.socket.request(Buffer.from('r'))
    const { from } = await door.next()
    door.socket.send('six', from, '::1')
    expect(await client.next()).toBe(`six ${door.port}`)
    client.socket.lock(door.port)
    client.socket.sendControl(Buffer.from('ack'), 3)
    expect(await door.next()).toMatchObject({ text: 'ack' })
  })

  test('nothing is handled after the end, and several sockets do not wait for each other', async () => {
    const door = await listen()
    const [quiet, busy] = [connect({ port: door.port }), connect({ port: door.port })]
    for (let i = 0; i < 50; i++) {
      busy.socket.request(Buffer.from('r'))
      const { from } = await door.next()
      door.socket.send('x', from)
      expect(await busy.next()).toMatch(/^x/)
    }
    quiet.socket.close()
    busy.socket.close()
    busy.socket.request(Buffer.from('late'))
    busy.socket.sendControl(Buffer.from('late'), 4)
    busy.socket.close()
  })
})

test.skipIf(clientLoop() === undefined)(
  'batch: where no program listens the first request ends as unreachable',
  async () => {
    const door = await listen()
    door.close()
    const client = connectBy('batch', { port: door.port })
    client.socket.request(Buffer.from('r'))
    expect(await client.next()).toBe('unreachable')
  },
)

interface Client {
  readonly socket: ClientSocket
  /** What its owner inputs next, in words. */
  next(): Promise<string>
}

function connectBy(driver: 'dgram' | 'batch', options: Partial<ClientSocketOptions> & { port: number }): Client {
  const inputs = new Queue<string>()
  const socket = openClientSocket(
    driver,
    { address: '127.0.0.1', ...options },
    {
      datagram: (_now, buffer, offset, length, port) =>
        inputs.push(`${Buffer.from(buffer.subarray(offset, offset + length)).toString('latin1')} ${port}`),
      unreachable: () => inputs.push('unreachable'),
      timer: () => inputs.push('timer'),
      failed: (error: ForesendError) => inputs.push(`${error.code} ${error.message}`),
      left: () => {},
    },
  )
  open.push(socket)
  return { socket, next: () => inputs.next() }
}

interface Input {
  readonly text: string
  readonly from: number
  readonly address: string
}

interface Listening {
  readonly socket: Socket
  readonly port: number
  next(): Promise<Input>
  close(): void
}

async function listen(address = '127.0.0.1'): Promise<Listening> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  const inputs = new Queue<Input>()
  socket.on('error', () => {})
  socket.on('message', (data, from) => {
    inputs.push({ text: data.toString('latin1'), from: from.port, address: from.address })
  })
  let isOpen = true
  const listening = {
    socket,
    port: socket.address().port,
    next: () => inputs.next(),
    close: () => {
      if (isOpen) socket.close()
      isOpen = false
    },
  }
  open.push(listening)
  return listening
}

class Queue<T> {
  readonly #items: T[] = []
  #wake: (() => void) | undefined

  push(item: T): void {
    this.#items.push(item)
    this.#wake?.()
  }

  async next(): Promise<T> {
    while (this.#items.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#items.shift() as T
  }
}
