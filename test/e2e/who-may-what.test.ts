/** Rules, caps, port range and rates on real sockets, with both drivers. */
import { describe, expect, test } from 'vitest'
import { optionsOf } from './raw-client.ts'
import { eachDriver, folderWith, pattern, serve } from './serving.ts'

const FILES = { 'a.bin': pattern(20_000), 'a.cfg': pattern(600) }

eachDriver((driver) => {
  describe('rules', () => {
    test('a refused file and a refused upload get ERROR 2, and leave nothing', async () => {
      const { client, event } = await serve(folderWith(FILES), {
        writable: true,
        rules: [
          { clients: ['127.0.0.1'], files: ['*.cfg'], allow: false },
          { direction: 'write', files: ['b*'], allow: false },
        ],
      })
      const one = await client()
      expect(await one.get('a.cfg')).toMatchObject({ opcode: 5, number: 2 })
      expect((await event('refused', 'a.cfg')).reason).toMatch(/not allowed to 127\.0\.0\.1 by rule 1/)
      expect(await (await client()).get('a.bin')).toEqual(FILES['a.bin'])
      expect(await (await client()).put('b', Buffer.from('x'))).toMatchObject({ opcode: 5, number: 2 })
      expect(await (await client()).get('b')).toMatchObject({ opcode: 5, number: 1 })
      expect(await (await client()).put('c', Buffer.from('x'))).toBeUndefined()
    })

    test('options are refused and capped per client and file', async () => {
      const { client } = await serve(folderWith(FILES), {
        rules: [{ files: ['*.cfg'], refuse: ['tsize'], maxBlksize: 512 }],
      })
      const asked = { blksize: 1024, tsize: 0, windowsize: 4, utimeout: 300_000 }
      const granted = async (file: string): Promise<Record<string, string>> => {
        const one = await client()
        one.request(1, file, asked)
        const oack = await one.next()
        one.error(8, 'enough', oack.port)
        return optionsOf(oack)
      }
      expect(await granted('a.cfg')).toEqual({ blksize: '512', windowsize: '4', utimeout: '300000' })
      expect(await granted('a.bin')).toEqual({ blksize: '1024', tsize: '20000', windowsize: '4', utimeout: '300000' })
    })
  })

  test('a reload changes rules for new transfers, and a running one keeps its own', async () => {
    const path = folderWith(FILES)
    const { client, server } = await serve(path, { rules: [{ maxBlksize: 1024 }] })
    const running = await client()
    running.request(1, 'a.bin', { blksize: 2048 })
    const oack = await running.next()
    expect(optionsOf(oack)).toEqual({ blksize: '1024' })
    await server.reload({ path, hosts: ['127.0.0.1'], port: 0, driver, rules: [{ files: ['a.*'], allow: false }] })
    expect(await (await client()).get('a.bin')).toMatchObject({ opcode: 5, number: 2 })
    const blocks: Buffer[] = []
    for (let block = 0; block * 1024 <= FILES['a.bin'].length; block++) {
      running.ack(block, oack.port)
      blocks.push((await running.next()).body)
    }
    expect(Buffer.concat(blocks)).toEqual(FILES['a.bin'])
    await expect(
      server.reload({ path, hosts: ['127.0.0.1'], port: 0, driver, rules: [{ profile: 'x' }] }),
    ).rejects.toThrow(/unknown profile "x".*the server goes on with its previous settings/)
  })

  test('block numbers may not begin again: such files are refused, those below it are not', async () => {
    const { client } = await serve(folderWith({ big: pattern(8 * 65_535), fits: pattern(8 * 65_535 - 1) }), {
      rollover: 'none',
      writable: true,
    })
    expect(await (await client()).get('big', { blksize: 8 })).toMatchObject({ opcode: 5, number: 0 })
    const one = await client()
    one.request(1, 'fits', { blksize: 8 })
    expect((await one.next()).opcode).toBe(6)
    const two = await client()
    two.request(1, 'big', { blksize: 8, rollover: 0 })
    expect((await two.next()).opcode).toBe(6)
    const upload = await client()
    upload.request(2, 'new', { blksize: 8, tsize: 8 * 65_535 })
    expect(await upload.next()).toMatchObject({ opcode: 5, number: 0 })
  })

  test('transfers use the ports of the range, and no others', async () => {
    // A server that has just ended may still have its ports.
    const first = driver === 'batch' ? 9310 : 9320
    const { client } = await serve(folderWith(FILES), { portRange: `${first}:${first + 3}` })
    const ports = new Set<number>()
    for (let i = 0; i < 4; i++) {
      const one = await client()
      one.request(1, 'a.bin')
      ports.add((await one.next()).port)
    }
    for (const port of ports) expect(port).toSatisfy((n: number) => n >= first && n <= first + 3)
  })

  test('requests above the limit stay unanswered and are told of once', async () => {
    const { client, event, events } = await serve(folderWith(FILES), { requestsPerSecPerAddress: 0.1 })
    const first = await client()
    first.request(1, 'a.bin')
    expect((await first.next()).opcode).toBe(3)
    const others = await Promise.all([client(), client(), client()])
    for (const other of others) other.request(1, 'a.bin')
    expect(await event('notice')).toMatchObject({ code: 'LIMITED', message: expect.stringContaining('127.0.0.1') })
    for (const other of others) expect(await other.maybeNext(50)).toBeUndefined()
    expect(events.filter(({ event: kind }) => kind === 'requested')).toHaveLength(1)
    expect(events.filter(({ event: kind }) => kind === 'notice')).toHaveLength(1)
  })

  test('bytes in a second: the window waits, whole', async () => {
    const image = pattern(60_000)
    const { client, event } = await serve(folderWith({ image }), { bytesPerSecPerAddress: 100_000 })
    const began = performance.now()
    expect(await (await client()).get('image', { blksize: 1000, windowsize: 8 })).toEqual(image)
    const seconds = (performance.now() - began) / 1000
    // 5000 bytes are saved up, and the last window is paid for when it has left.
    expect(seconds).toBeGreaterThan(0.45)
    expect(seconds).toBeLessThan(3)
    // A busy machine may be late with an ACK; a wait that counted as silence would repeat every window.
    expect((await event('completed')).retransmitted).toBeLessThan(16)
  })
})
