import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { optionsOf } from './raw-client.ts'
import { eachDriver, folderWith, pattern, serve } from './serving.ts'

eachDriver(() => {
  describe('reading', () => {
    test.each([
      [0, {}],
      [1, {}],
      [511, {}],
      [512, {}],
      [513, {}],
      [142_800, { blksize: 1428 }],
      [300_000, { blksize: 1428, windowsize: 16 }],
      [200_000, { blksize: 8192, windowsize: 4 }],
      [600_000, { blksize: 8, windowsize: 8 }],
      [100_000, { blksize: 65464 }],
    ])('%d bytes with %j arrive whole', async (sizeBytes, options) => {
      const bytes = pattern(sizeBytes)
      const running = await serve(folderWith({ image: bytes }))
      const client = await running.client()
      expect(bytes.equals((await client.get('image', options)) as Buffer)).toBe(true)
      const done = await running.event('completed')
      expect(done).toMatchObject({ file: 'image', bytes: sizeBytes, sizeBytes })
      // A window's client shares this process: when it is late, the server may rightly repeat.
      if (!('windowsize' in options)) expect([done.datagrams, done.retransmitted]).toEqual([done.blocks, 0])
      expect(done.crc32).toBe((crc32(bytes) >>> 0).toString(16).padStart(8, '0'))
    })

    test('the OACK answers what was asked, clamped, in order, and nothing else', async () => {
      const running = await serve(folderWith({ image: pattern(5000) }))
      const client = await running.client()
      client.request(1, 'image', { tsize: 0, blksize: 70000, nonsense: 1, timeout: 3, windowsize: 99999 })
      const oack = await client.next()
      expect(oack.opcode).toBe(6)
      expect(oack.port).not.toBe(running.port)
      expect(Object.entries(optionsOf(oack))).toEqual([
        ['tsize', '5000'],
        ['blksize', '65464'],
        ['timeout', '3'],
        ['windowsize', '8'],
      ])
    })

    test('a client that asks for its next file from the same port, right after its last ACK, gets it', async () => {
      const running = await serve(folderWith({ image: pattern(100) }))
      const client = await running.client()
      client.request(1, 'image')
      for (let files = 0; files < 200; files++) {
        const data = await client.next()
        expect([data.opcode, data.number]).toEqual([3, 1])
        client.ack(1, data.port)
        if (files < 199) client.request(1, 'image')
      }
      expect(running.events.filter((event) => event.event === 'failed' || event.event === 'superseded')).toEqual([])
    })

    test("UEFI's size probe is not a failure", async () => {
      const running = await serve(folderWith({ image: pattern(5000) }))
      const client = await running.client()
      client.request(1, 'image', { tsize: 0, blksize: 1468, windowsize: 4 })
      const oack = await client.next()
      client.error(8, 'User aborted the transfer', oack.port)
      await running.event('probed')
      expect(running.events.filter((event) => event.event === 'failed')).toEqual([])
    })

    test('netascii', async () => {
      const running = await serve(folderWith({ text: Buffer.from('one\ntwo\r\nthree') }))
      const client = await running.client()
      const bytes = (await client.get('text', {}, 'netascii')) as Buffer
      expect(bytes.toString('latin1')).toBe('one\r\ntwo\r\0\r\nthree')
    })

    test('one file for any name asked', async () => {
      const folder = folderWith({ 'recovery.bin': pattern(1000) })
      const running = await serve(join(folder, 'recovery.bin'))
      const client = await running.client()
      expect(pattern(1000).equals((await client.get('ArcherC2V1_tp_recovery.bin')) as Buffer)).toBe(true)
    })

    test.runIf(process.platform === 'linux')(
      'a folder, a FIFO, nothing, and names that lead out are refused',
      async () => {
        const folder = folderWith({ image: pattern(10) })
        mkdirSync(join(folder, 'folder'))
        execFileSync('mkfifo', [join(folder, 'fifo')])
        const running = await serve(folder)
        const client = await running.client()
        for (const [name, codes] of [
          ['folder', [1, 2]],
          ['fifo', [1, 2]],
          ['absent', [1]],
          ['../image', [2]],
          ['..\\image', [2]],
          ['a'.repeat(500), [1, 2]],
        ] as const) {
          const answer = await client.get(name)
          expect(answer, name).toMatchObject({ opcode: 5 })
          expect(codes, name).toContain('number' in answer ? answer.number : undefined)
        }
        expect(pattern(10).equals((await client.get('/image')) as Buffer)).toBe(true)
      },
    )

    test('a request that is repeated starts nothing new before the first ACK', async () => {
      const running = await serve(folderWith({ image: pattern(1000) }))
      const client = await running.client()
      for (let i = 0; i < 3; i++) client.request(1, 'image')
      const first = await client.next()
      const ports = new Set([first.port])
      for (let packet = await client.maybeNext(150); packet !== undefined; packet = await client.maybeNext(150)) {
        ports.add(packet.port)
      }
      expect(ports.size).toBe(1)
      expect(running.events.filter((event) => event.event === 'requested').length).toBe(1)
      client.ack(1, first.port)
      expect(await client.next()).toMatchObject({ opcode: 3, number: 2, port: first.port })
    })

    test('packets from a wrong TID harm nothing', async () => {
      const running = await serve(folderWith({ image: pattern(1000) }))
      const [client, stranger] = [await running.client(), await running.client()]
      client.request(1, 'image')
      const first = await client.next()
      stranger.error(0, 'go away', first.port)
      stranger.ack(1, first.port)
      client.ack(1, first.port)
      expect(await client.next()).toMatchObject({ opcode: 3, number: 2 })
      client.ack(2, first.port)
      await running.event('completed')
    })

    test('a file that shrinks while it is sent ends that transfer, and only that', async () => {
      const folder = folderWith({ image: pattern(1_000_000), other: pattern(100_000) })
      const running = await serve(folder)
      const [client, neighbour] = [await running.client(), await running.client()]
      client.request(1, 'image', { blksize: 1000 })
      const oack = await client.next()
      neighbour.request(1, 'other')
      const begun = await neighbour.next()
      const middle = await client.read(oack, 11)
      truncateSync(join(folder, 'image'), 20_000)
      const answer = await client.read(middle, 1001)
      expect(answer).toMatchObject({ opcode: 5, number: 0 })
      expect(await running.event('failed')).toMatchObject({ file: 'image', code: 'ERR_TFTP_CHANGED' })
      neighbour.ack(1, begun.port)
      expect(await neighbour.next()).toMatchObject({ opcode: 3, number: 2 })
    })

    test.each([
      ['written over in place', (path: string) => writeFileSync(path, Buffer.alloc(100_000, 1), { flag: 'r+' })],
      ['replaced by a rename', (path: string) => renameSync(`${path}.new`, path)],
      ['shortened by less than a page', (path: string) => truncateSync(path, 99_990)],
      ['touched by nobody knows whom', (path: string) => utimesSync(path, 1, 1)],
    ])('a file that is %s while it is sent never gets its final block', async (_how, change) => {
      const folder = folderWith({ image: pattern(100_000), 'image.new': pattern(100_000) })
      const running = await serve(folder)
      const client = await running.client()
      client.request(1, 'image', { blksize: 1000 })
      const middle = await client.read(await client.next(), 51)
      change(join(folder, 'image'))
      const answer = await client.read(middle, 101)
      expect(answer).toMatchObject({ opcode: 5, number: 0 })
      expect(await running.event('failed')).toMatchObject({ file: 'image', code: 'ERR_TFTP_CHANGED' })
    })

    test('a client that vanished ends its transfer at once, by ICMP', async () => {
      const running = await serve(folderWith({ image: pattern(100_000) }))
      const client = await running.client()
      client.request(1, 'image')
      const first = await client.next()
      const port = client.socket.address().port
      client.socket.removeAllListeners('message')
      const second = await running.client()
      client.ack(1, first.port)
      await new Promise<void>((resolve) => client.socket.close(() => resolve()))
      client.close = () => {}
      const failed = await running.event('failed')
      expect(failed).toMatchObject({ client: `127.0.0.1:${port}`, code: 'ERR_TFTP_UNREACHABLE' })
      expect(failed.ms).toBeLessThan(5000)
      expect(((await second.get('image')) as Buffer).length).toBe(100_000)
    })
  })
})
