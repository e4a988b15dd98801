/**
 * Every ERROR that a server can send, read off the wire: none says anything of the machine that it comes from. A small device gets at
 * most 64 bytes and a sentence that a person at its console understands.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ForesendError, MAX_PEER_TEXT } from '../../src/error.ts'
import { encodeErrorFor, parseError } from '../../src/packet/index.ts'
import type { Packet, RawClient } from './raw-client.ts'
import { eachDriver, folderWith, pattern, type Running, serve } from './serving.ts'

const MAX_PACKET_BYTES = 64
/** Names of files in the served folder, none of which a peer may learn. */
const FILES = { 'openwrt-archer-c2.bin': pattern(100_000), taken: pattern(100) }

interface Case {
  readonly what: string
  readonly more?: object
  /** The driver that answers at all. */
  readonly only?: 'batch'
  run(client: RawClient, running: Running, folder: string): unknown
}

const LONG = 'x'.repeat(200)

/** Asks, and goes on until the first block is there. */
async function begin(client: RawClient, file: string): Promise<Packet> {
  client.request(1, file)
  const data = await client.next()
  client.ack(1, data.port)
  return client.next()
}

/** Runs `body` with a disk of 64 KiB at `path`; undefined where none may be mounted. */
async function onSmallDisk(
  path: string,
  body: () => Promise<Packet | undefined>,
): Promise<Packet | 'not here' | undefined> {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', path], { stdio: 'ignore' })
  } catch {
    return 'not here'
  }
  try {
    return await body()
  } finally {
    execFileSync('umount', ['-l', path])
  }
}

const CASES: readonly Case[] = [
  { what: 'a missing file', run: (client) => client.request(1, 'missing.bin') },
  { what: 'a name near to one that is there', run: (client) => client.request(1, 'openwrt-archer-c2.bim') },
  { what: 'the same in other letters', run: (client) => client.request(1, 'TAKEN') },
  { what: 'a long name', run: (client) => client.request(1, LONG) },
  { what: 'a folder', run: (client) => client.request(1, 'folder') },
  { what: 'a way out', run: (client) => client.request(1, '../../etc/passwd') },
  { what: 'an absolute path', run: (client) => client.request(1, '/etc/passwd') },
  { what: 'a link that leads out', run: (client) => client.request(1, 'link') },
  { what: 'an upload where none is allowed', run: (client) => client.request(2, 'new') },
  { what: 'an upload to a name that is taken', more: { writable: true }, run: (client) => client.request(2, 'taken') },
  {
    what: 'an upload into a folder that is not there',
    more: { writable: true },
    run: (client) => client.request(2, 'no/such/folder/new'),
  },
  {
    what: 'an upload that cannot fit',
    more: { writable: true },
    run: (client) => client.request(2, 'new', { tsize: 2 ** 52 }),
  },
  { what: 'the mode mail', run: (client) => client.request(1, 'taken', {}, 'mail') },
  { what: 'a mode of its own', run: (client) => client.request(1, 'taken', {}, LONG) },
  { what: 'no name', run: (client) => client.request(1, '') },
  { what: 'an option with a long name', run: (client) => client.request(1, 'taken', { [LONG]: 1 }) },
  { what: 'an option with a long value', run: (client) => client.request(1, 'taken', { blksize: `${LONG}${LONG}` }) },
  { what: 'an opcode that is none', run: (client) => client.raw(Buffer.from([0, 77, 1, 2])) },
  { what: 'text', run: (client) => client.raw(Buffer.from('GET /etc/passwd HTTP/1.0\r\n')) },
  {
    what: 'a file that changes while it is sent',
    async run(client, _running, folder) {
      const data = await begin(client, 'openwrt-archer-c2.bin')
      truncateSync(join(folder, 'openwrt-archer-c2.bin'), 700)
      client.ack(2, data.port)
      for (let block = 3; ; block++) {
        const packet = await client.next()
        if (packet.opcode === 5) return packet
        client.ack(block, data.port)
      }
    },
  },
  {
    what: 'a transfer that this side ends',
    async run(client, { server, event }) {
      await begin(client, 'openwrt-archer-c2.bin')
      server.abort((await event('started')).id)
    },
  },
  {
    what: 'a server that stops',
    async run(client, { server }) {
      await begin(client, 'openwrt-archer-c2.bin')
      void server.stop(0)
    },
  },
  {
    what: 'an ACK from a port that has no transfer',
    // The sockets of the other driver are connected: the kernel refuses what comes from elsewhere.
    only: 'batch',
    async run(client, running) {
      const { port } = await begin(client, 'openwrt-archer-c2.bin')
      const other = await running.client()
      other.ack(2, port)
      return other.next()
    },
  },
  {
    what: 'a disk that fills up during an upload',
    more: { writable: true },
    run: (client, _running, folder) =>
      onSmallDisk(join(folder, 'folder'), () => client.put('folder/new', pattern(300_000))),
  },
  {
    what: 'a block larger than agreed',
    more: { writable: true },
    async run(client) {
      client.request(2, 'new')
      const { port } = await client.next()
      client.data(1, Buffer.alloc(600), port)
    },
  },
]

eachDriver((driver) => {
  describe('what the peer is told', () => {
    test.for(CASES)('$what', async ({ more, only, run }, context) => {
      if (only !== undefined && driver !== only) context.skip(`only with the driver ${only}`)
      const folder = folderWith(FILES)
      mkdirSync(join(folder, 'folder'))
      symlinkSync('/etc/hostname', join(folder, 'link'))
      const running = await serve(folder, more)
      const client = await running.client()
      const given = await run(client, running, folder)
      if (given === 'not here') context.skip('a tmpfs may not be mounted here')
      let packet = given as Packet | undefined
      while (packet?.opcode !== 5) packet = await client.next()
      const text = packet.body.toString('latin1').replace(/\0$/, '')
      expect(packet.body.length + 4).toBeLessThanOrEqual(MAX_PACKET_BYTES)
      expect(text).toMatch(/^[A-Za-z][ -~]+$/)
      expect(text).not.toMatch(/[/\\]/)
      for (const name of [...readdirSync(folder), ...Object.keys(FILES), 'passwd', 'xxxx']) {
        expect(text.toLowerCase()).not.toContain(name.slice(0, 12).toLowerCase())
      }
    })
  })
})

describe('the ERROR for any error', () => {
  test('says nothing of its message', () => {
    for (const wireCode of [undefined, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 65_535]) {
      for (const code of ['ERR_TFTP_NOT_FOUND', 'ERR_TFTP_ABORTED', 'ERR_TFTP_BIND', 'ERR_TFTP_INTERNAL'] as const) {
        const message = `cannot send "x": it is not in "/srv/secret"; did you mean "other"?`
        const packet = encodeErrorFor(
          new ForesendError(code, message, { fault: 'content', ...(wireCode === undefined ? {} : { wireCode }) }),
        )
        const parsed = parseError(packet, 0, packet.length)
        expect(parsed).toMatchObject({ ok: true, value: { wireCode: wireCode ?? 0 } })
        expect(parsed.ok && parsed.value.message).toMatch(/^[A-Z][A-Za-z ,]+$/)
        expect(packet.length).toBeLessThanOrEqual(MAX_PACKET_BYTES)
      }
    }
  })

  test('a text of its own is cut, and is ASCII', () => {
    const peerText = `ü\n${'y'.repeat(100)}`
    const packet = encodeErrorFor(new ForesendError('ERR_TFTP_ACCESS', 'm', { fault: 'local', peerText }))
    const parsed = parseError(packet, 0, packet.length)
    expect(parsed.ok && parsed.value.message).toBe(`??${'y'.repeat(MAX_PEER_TEXT - 2)}`)
  })
})
