/** The history as a server uses it: with its thread, on a real database. */
import { readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ended, failed, update } from '../../test/support/history.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { databasePath, openForWriting } from './database.ts'
import { type OpenHistory, openHistory, WRITER, type WriterThread } from './history.ts'
import { MAX_TRANSFERS } from './queue.ts'
import { forget, Reader } from './reader.ts'

async function opened(folder: string, thread?: WriterThread): Promise<{ history: OpenHistory; notices: string[] }> {
  const notices: string[] = []
  const options = { folder, version: '0.1.0', notice: (message: string) => void notices.push(message) }
  const history = await openHistory(options, ...(thread === undefined ? [] : [thread]))
  onTestFinished(() => history.close())
  return { history, notices }
}

function countIn(folder: string): number {
  const reader = new Reader(folder)
  const { length } = reader.page({}, 100_000)
  reader.close()
  return length
}

/** As long as it is not closed no other may write. */
function locked(folder: string): DatabaseSync {
  openForWriting(folder).db.close()
  const db = new DatabaseSync(databasePath(folder))
  db.exec('BEGIN IMMEDIATE')
  return db
}

describe('a history', () => {
  test('can be read while it is written, and knows at its next start what was learnt', async () => {
    const folder = tempFolder()
    const { history, notices } = await opened(folder)
    expect(history.devices).toEqual([])
    history.ended(ended())
    history.ended(failed())
    history.learnt(update('a', 5, 2))
    await vi.waitFor(() => expect(countIn(folder)).toBe(2), 5000)
    history.ended(ended())
    await history.close()
    // What comes later is not kept, and does no harm.
    history.ended(ended())
    expect(readdirSync(folder)).toEqual(['history.db'])
    expect(countIn(folder)).toBe(3)
    const again = await opened(folder)
    expect(again.history.devices).toEqual([update('a', 5, 2)])
    expect([...notices, ...again.notices]).toEqual([])
  })

  test('forgets a device at the next start', async () => {
    const folder = tempFolder()
    const { history } = await opened(folder)
    history.learnt(update('02:00:00:00:00:01 1 octet', 5, 2))
    history.learnt(update('02:00:00:00:00:01 1 octet tsize', 5, 2))
    history.learnt(update('192.0.2.9 1 octet', 5, 2))
    await history.close()
    expect(forget(folder, '02-00-00-00-00-01')).toHaveLength(2)
    expect(forget(folder, '02:00:00:00:00:01')).toEqual([])
    expect((await opened(folder)).history.devices).toEqual([update('192.0.2.9 1 octet', 5, 2)])
  })

  test('two servers write into the same one', async () => {
    const folder = tempFolder()
    const [one, other] = await Promise.all([opened(folder), opened(folder)])
    for (let i = 0; i < 300; i++) for (const { history } of [one, other]) history.ended(ended({ file: `f${i}` }))
    await Promise.all([one.history.close(), other.history.close()])
    expect(countIn(folder)).toBe(600)
    expect([...one.notices, ...other.notices]).toEqual([])
  })
})

describe('a database that is locked', () => {
  test('delays no start for long, and what was learnt is read all the same', async () => {
    const folder = tempFolder()
    const first = await opened(folder)
    first.history.learnt(update('a', 5, 2))
    await first.history.close()
    const lock = locked(folder)
    const begun = performance.now()
    const { history, notices } = await opened(folder)
    expect(performance.now() - begun).toBeLessThan(2500)
    expect(history.devices).toEqual([update('a', 5, 2)])
    const told = [expect.stringMatching(/another program holds the database/)]
    await vi.waitFor(() => expect(notices).toEqual(told), 5000)
    lock.close()
  })

  test('makes nothing wait: what finds no room is counted and reported, the rest is written once it is free', async () => {
    const folder = tempFolder()
    const lock = locked(folder)
    const { history, notices } = await opened(folder)
    const begun = performance.now()
    for (let i = 0; i < 3 * MAX_TRANSFERS; i++) history.ended(ended())
    expect(performance.now() - begun).toBeLessThan(1000)
    lock.close()
    await vi.waitFor(
      () => expect(notices.at(-1)).toMatch(/missing in the history: more happened than could be written/),
      15_000,
    )
    const lost = Number(/^(\d+) transfers are/.exec(notices.at(-1) ?? '')?.[1])
    expect(lost).toBeGreaterThan(0)
    await history.close()
    expect(countIn(folder)).toBe(3 * MAX_TRANSFERS - lost)
  })

  test('bounds traces by their size: of what stalls meanwhile the first ones are kept', async () => {
    const folder = tempFolder()
    const lock = locked(folder)
    const { history, notices } = await opened(folder)
    const trace = Buffer.alloc(32_768, 1).toString('base64')
    for (let i = 0; i < 600; i++) {
      history.ended(failed(trace))
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    lock.close()
    await vi.waitFor(() => expect(notices.at(-1)).toMatch(/^\d+ traces are missing in the history/), 15_000)
    await history.close()
    expect(countIn(folder)).toBe(600)
    const reader = new Reader(folder)
    const kept = reader.page({}, 600).filter(({ hasTrace }) => hasTrace).length
    reader.close()
    expect(kept).toBe(600 - Number(/^\d+/.exec(notices.at(-1) ?? '')?.[0]))
    expect(kept).toBeGreaterThanOrEqual(64)
  })

  test('until the end: how much is lost becomes a notice, in time', async () => {
    const folder = tempFolder()
    const lock = locked(folder)
    const { history, notices } = await opened(folder, { ...WRITER, closeWithinMs: 200 })
    for (let i = 0; i < 5; i++) history.ended(ended())
    const begun = performance.now()
    await history.close()
    expect(performance.now() - begun).toBeLessThan(1500)
    expect(notices.at(-1)).toBe('5 transfers are missing in the history: the server ended before they could be written')
    lock.close()
  })
})

describe('a disk that does not answer', () => {
  test('delays no start for long: the server begins without what was learnt', async () => {
    const hanging = `require('node:worker_threads').parentPort.on('message', () => {}).postMessage({ type: 'alive' })`
    const begun = performance.now()
    const thread = {
      ...WRITER,
      openWithinMs: 100,
      closeWithinMs: 100,
      create: () => new Worker(hanging, { eval: true }),
    }
    const { history, notices } = await opened(tempFolder(), thread)
    expect(performance.now() - begun).toBeLessThan(1400)
    expect(history.devices).toEqual([])
    expect(notices).toEqual([expect.stringMatching(/does not answer: this server begins without what was learnt/)])
    history.ended(ended())
    await history.close()
    expect(notices.at(-1)).toMatch(/^1 transfer is missing in the history/)
  })
})

describe('a thread that ends by itself', () => {
  test('is a notice, and another one writes what it left', async () => {
    const folder = tempFolder()
    let threads = 0
    const { history, notices } = await opened(folder, {
      ...WRITER,
      restartMs: 10,
      create: (start) => {
        threads++
        // The first one reads a batch and dies of it.
        if (threads > 1) return new Worker(new URL('./worker.ts', import.meta.url), { workerData: start })
        const dying = `const { parentPort } = require('node:worker_threads')
          parentPort.postMessage({ type: 'opened', devices: [] })
          parentPort.on('message', () => { throw new Error('a bug') })`
        return new Worker(dying, { eval: true })
      },
    })
    history.ended(ended())
    await vi.waitFor(() => expect(threads).toBe(2), 5000)
    await vi.waitFor(() => expect(countIn(folder)).toBe(1), 5000)
    expect(notices).toEqual([
      expect.stringMatching(/the thread that writes the history ended \(a bug\): serving goes on/),
    ])
  })

  test('and one that the system cannot start leaves the server as it is: it is tried again', async () => {
    const folder = tempFolder()
    let tries = 0
    const { history, notices } = await opened(folder, {
      ...WRITER,
      restartMs: 10,
      create: (start) => {
        if (tries++ < 2) throw new Error('pthread_create failed')
        return WRITER.create(start)
      },
    })
    history.ended(ended())
    await vi.waitFor(() => expect(countIn(folder)).toBe(1), 5000)
    expect(notices).toEqual(Array(2).fill(expect.stringContaining('ended (pthread_create failed): serving goes on')))
  })
})
