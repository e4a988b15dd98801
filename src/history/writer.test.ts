/** What is written is what is read, in whatever pieces and order it comes. */
import type { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ended, failed, RUN, rows, update } from '../../test/support/history.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import type { DeviceUpdate } from '../profile/memory.ts'
import { addressAndPort, rowOf, type TransferRow } from './batch.ts'
import type { EndedTransfer } from './contract.ts'
import { openForWriting } from './database.ts'
import { readLearnt } from './devices.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

function written(folder: string, ...transfers: readonly EndedTransfer[]): Reader {
  const { db } = openForWriting(folder)
  new Writer(db, RUN).write({ ended: rows(...transfers), learnt: [] })
  db.close()
  return new Reader(folder)
}

describe('a transfer', () => {
  test('comes back as it was, its packets with it', () => {
    const reader = written(tempFolder(), ended({ served: 'a/image.bin' }), failed())
    expect(reader.transfer(1)).toEqual({
      id: 1,
      startedMs: 1_699_999_999_988,
      ms: 12.5,
      address: '192.0.2.7',
      port: 2001,
      mac: '02:00:00:00:00:07',
      device: '02:00:00:00:00:07 1 octet tsize',
      direction: 'read',
      asked: 'image.bin',
      served: 'a/image.bin',
      optionsAsked: 'tsize=0',
      optionsAgreed: 'tsize=1000',
      outcome: 'completed',
      lastAck: undefined,
      code: undefined,
      reason: undefined,
      cause: undefined,
      confidence: undefined,
      bytes: 1000,
      sizeBytes: 1000,
      blocks: 2,
      datagrams: 2,
      repeats: 0,
      window: 1,
      blksize: 512,
      stalls: 0,
      crc32: '1a2b3c4d',
      hasTrace: false,
    })
    expect(reader.transfer(2)).toMatchObject({ outcome: 'failed', code: 'ERR_TFTP_TIMEOUT', hasTrace: true, stalls: 1 })
    expect(reader.trace(1)).toBeUndefined()
    expect(reader.trace(2)?.map(({ sent, kind, number }) => `${sent ? '>' : '<'} ${kind} ${number}`)).toEqual([
      '< request 1',
      '> data 1',
      '> through 2',
      '< ack 1',
      '> data 2',
    ])
    reader.close()
  })

  test('may have any texts and numbers that events have', () => {
    const folder = tempFolder()
    const { db } = openForWriting(folder)
    const writer = new Writer(db, RUN)
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    let seq = 0
    fc.assert(
      fc.property(
        text,
        text,
        fc.nat(Number.MAX_SAFE_INTEGER),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (asked, options, bytes, ms) => {
          // As a text, the way to the thread that writes.
          const row = JSON.parse(
            JSON.stringify(rowOf(++seq, ended({ file: asked, bytes, ms }, { asked: options }), undefined)),
          )
          writer.write({ ended: [row as TransferRow], learnt: [] })
          const reader = new Reader(folder)
          // SQLite keeps texts as UTF-8, which has no half of a surrogate pair.
          expect(reader.transfer(seq)).toMatchObject({
            asked: asked.toWellFormed(),
            optionsAsked: options.toWellFormed(),
            bytes,
            ms,
          })
          reader.close()
        },
      ),
      { numRuns: 50 },
    )
    db.close()
  })

  test.each([
    ['192.0.2.1:69', '192.0.2.1', 69],
    ['[2001:db8::1]:1069', '2001:db8::1', 1069],
    ['[fe80::1%eth0]:2001', 'fe80::1%eth0', 2001],
  ])('of %s', (client, address, port) => {
    expect(addressAndPort(client)).toEqual([address, port])
  })
})

const TABLES = [
  `SELECT seq, identity, transfer.address, port, outcome, started_ms, length(data) AS trace FROM transfer
   LEFT JOIN device ON device.id = device LEFT JOIN trace ON transfer = transfer.id ORDER BY seq`,
  'SELECT identity, mac, address, first_ms, last_ms, learnt, learnt_ms, learnt_count FROM device ORDER BY identity',
]

function contents(db: DatabaseSync): unknown {
  return TABLES.map((query) => db.prepare(query).all())
}

test('any order of batches, cut anywhere and some of them twice, makes the same rows', () => {
  const device = fc.constantFrom('02:00:00:00:00:01 1 octet', '02:00:00:00:00:02 1 octet', '192.0.2.1 2 octet', '')
  const transfer = fc
    .record({ device, time: fc.integer({ min: 1000, max: 1005 }), host: fc.nat(2), hasFailed: fc.boolean() })
    .map(({ device: name, time, host, hasFailed }) => {
      const transfer = hasFailed ? failed() : ended()
      const event = { ...transfer.event, time, ms: 0, client: `192.0.2.${host}:${time}` }
      return { ...transfer, event, details: { ...transfer.details, device: name } }
    })
  const learnt = fc
    .record({
      device,
      time: fc.integer({ min: 1, max: 4 }),
      count: fc.nat(2),
      windowBlocks: fc.integer({ min: 1, max: 4 }),
    })
    .map(
      ({ device: name, time, count, windowBlocks }): DeviceUpdate => ({
        ...update(`${name} x`, time, windowBlocks),
        count,
      }),
    )
  const cases = fc
    .record({ transfers: fc.array(transfer, { maxLength: 12 }), updates: fc.array(learnt, { maxLength: 6 }) })
    .chain(({ transfers, updates }) => {
      const numbered = rows(...transfers)
      const pieces = [
        ...numbered.map((row) => ({ ended: [row], learnt: [] })),
        ...updates.map((one) => ({ ended: [], learnt: [one] })),
      ]
      return fc.record({
        whole: fc.constant({ ended: numbered, learnt: updates }),
        shuffled: fc.shuffledSubarray(pieces, { minLength: pieces.length }),
        again: fc.subarray(pieces),
      })
    })
  fc.assert(
    fc.property(cases, ({ whole, shuffled, again }) => {
      const [one, other] = [openForWriting(tempFolder()).db, openForWriting(tempFolder()).db]
      new Writer(one, RUN).write(whole)
      const writer = new Writer(other, RUN)
      for (const batch of [...shuffled, ...again]) writer.write(batch)
      expect(contents(other)).toEqual(contents(one))
      one.close()
      other.close()
    }),
    { numRuns: 25 },
  )
})

describe('a batch that cannot be written', () => {
  test('leaves nothing of itself', () => {
    const { db } = openForWriting(tempFolder())
    const writer = new Writer(db, RUN)
    const [good, bad] = rows(ended(), ended({ bytes: 0.5 }))
    expect(() => writer.write({ ended: [good, bad], learnt: [update('a', 1)] })).toThrow(/cannot store REAL/)
    expect(contents(db)).toEqual([[], []])
    writer.write({ ended: [good], learnt: [] })
    expect(db.prepare('SELECT count(*) AS count FROM transfer').get()).toMatchObject({ count: 1 })
    db.close()
  })
})

describe('what was learnt', () => {
  test('comes back; what no version of this program wrote does not', () => {
    const { db } = openForWriting(tempFolder())
    const updates = [
      update('a', 1),
      { ...update('b', 2, 4), learnt: { window: { windowBlocks: 4, gapMs: 0.5 }, countsRepeats: true } },
    ]
    new Writer(db, RUN).write({ ended: [], learnt: updates })
    for (const [index, learnt] of ['{', '7', '{"window":{"windowBlocks":0,"gapMs":0}}', '{"window":3}'].entries()) {
      db.prepare('INSERT INTO device (identity, learnt, learnt_ms, learnt_count) VALUES (?, ?, 9, 1)').run(
        `x${index}`,
        learnt,
      )
    }
    const known = readLearnt(db)
    expect(known.filter(({ device }) => !device.startsWith('x'))).toEqual(updates)
    for (const { device, learnt } of known) if (device.startsWith('x')) expect(learnt).toEqual({})
    db.close()
  })
})
