import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openDescriptors } from '../support/temp-folder.ts'
import { RawClient } from './raw-client.ts'
import { eachDriver, folderWith, pattern, serve } from './serving.ts'

/** 5000 take a minute of a busy machine; FORESEND_TEST_CLIENTS=5000 runs them. */
const CLIENTS = Number(process.env.FORESEND_TEST_CLIENTS ?? 600)

eachDriver(() => {
  describe('many clients', () => {
    test(`${CLIENTS} requests at once are all served, and nothing is left open`, { timeout: 180_000 }, async () => {
      const bytes = pattern(5000)
      const folder = folderWith({ image: bytes })
      const running = await serve(folder)
      const clients: RawClient[] = []
      for (let i = 0; i < CLIENTS; i++) clients.push(await RawClient.open(running.port))
      const loaded = await Promise.all(clients.map((client) => client.get('image')))
      expect(loaded.filter((one) => bytes.equals(one as Buffer)).length).toBe(CLIENTS)
      for (const client of clients) client.close()
      await running.server.stop(5000)
      expect(running.events.filter((event) => event.event === 'completed').length).toBe(CLIENTS)
      expect(openDescriptors(folder) ?? 0).toBe(0)
    })

    test('beyond the cap the oldest half-open one goes; one that runs stays', async () => {
      const running = await serve(folderWith({ image: pattern(2000) }), { maxTransfers: 4 })
      const first = await running.client()
      first.request(1, 'image')
      const begun = await first.next()
      first.ack(1, begun.port)
      await first.next()
      for (let i = 0; i < 12; i++) {
        const silent = await running.client()
        silent.request(1, 'image')
        await silent.next()
      }
      for (let block = 2; block <= 4; block++) {
        first.ack(block, begun.port)
        if (block < 4) expect((await first.next()).number).toBe(block + 1)
      }
      await running.event('completed')
    })
  })

  describe('a single port', () => {
    test('several transfers share it', async () => {
      const bytes = pattern(100_000)
      const running = await serve(folderWith({ image: bytes }), { singlePort: true })
      const clients = await Promise.all([1, 2, 3].map(() => running.client()))
      clients[0]?.request(1, 'image')
      expect((await clients[0]?.next())?.port).toBe(running.port)
      const loaded = await Promise.all(clients.slice(1).map((client) => client.get('image', { blksize: 1428 })))
      expect(loaded.map((one) => bytes.equals(one as Buffer))).toEqual([true, true])
    })
  })

  describe('stopping and reloading', () => {
    test('a running transfer may finish; new ones are not taken', async () => {
      const running = await serve(folderWith({ image: pattern(1000) }))
      const [client, late] = [await running.client(), await running.client()]
      client.request(1, 'image')
      const begun = await client.next()
      const stopping = running.server.stop(10_000)
      // Answered after it was heard, by whatever thread.
      await running.server.reload()
      late.request(1, 'image')
      expect(await late.maybeNext(100)).toBeUndefined()
      client.ack(1, begun.port)
      expect(await client.next()).toMatchObject({ opcode: 3, number: 2 })
      client.ack(2, begun.port)
      await stopping
      expect(running.events.at(-1)).toMatchObject({ event: 'completed' })
    })

    test('without grace it gets an ERROR', async () => {
      const running = await serve(folderWith({ image: pattern(1000) }))
      const client = await running.client()
      client.request(1, 'image')
      await client.next()
      await running.server.stop(0)
      expect(await client.next()).toMatchObject({ opcode: 5, number: 0 })
      expect(await running.event('failed')).toMatchObject({ code: 'ERR_TFTP_ABORTED' })
    })

    test('a reload ends nothing that runs', async () => {
      const folder = folderWith({ image: pattern(1000) })
      const running = await serve(folder, { writable: true })
      const [reader, writer] = [await running.client(), await running.client()]
      reader.request(1, 'image')
      const reading = await reader.next()
      writer.request(2, 'new')
      const writing = await writer.next()
      await running.server.reload()
      reader.ack(1, reading.port)
      expect(await reader.next()).toMatchObject({ opcode: 3, number: 2 })
      writer.data(1, pattern(5), writing.port)
      expect(await writer.next()).toMatchObject({ opcode: 4, number: 1 })
      expect(readFileSync(join(folder, 'new')).length).toBe(5)
    })

    test('a recording holds every packet', async () => {
      const folder = folderWith({ image: pattern(5000) })
      const captures = join(folder, 'captures')
      mkdirSync(captures)
      const running = await serve(folder, { record: captures })
      const client = await running.client()
      await client.get('image')
      await running.event('completed')
      await running.server.stop(1000)
      const [name] = readdirSync(captures)
      const capture = readFileSync(join(captures, name as string))
      // A request, 10 DATA and 10 ACK, each an enhanced packet block behind the two that open the file.
      let blocks = 0
      for (let at = 0; at < capture.length; at += capture.readUInt32LE(at + 4)) blocks++
      expect(blocks).toBe(2 + 1 + 10 + 10)
    })
  })
})
