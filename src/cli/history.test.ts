/** `foresend history …` on a database that is there, within this process. */
import { PassThrough } from 'node:stream'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { ended, failed, RUN, rows, update } from '../../test/support/history.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import type { EndedTransfer } from '../history/contract.ts'
import { databasePath, openForWriting } from '../history/database.ts'
import { Writer } from '../history/writer.ts'
import type { Context } from './context.ts'
import { run } from './main.ts'
import { outputTo } from './render/output.ts'

const MAC = '02:00:00:00:00:07'
/** Half past six on a winter day in UTC. */
const TIME = Date.UTC(2026, 0, 2, 18, 30, 5)

function stateWith(transfers: readonly EndedTransfer[], ...learnt: Parameters<typeof update>[]): string {
  const folder = tempFolder()
  const { db } = openForWriting(folder)
  new Writer(db, RUN).write({ ended: rows(...transfers), learnt: learnt.map((one) => update(...one)) })
  db.close()
  return folder
}

async function history(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = { stdout: '', stderr: '' }
  stdout.setEncoding('utf8').on('data', (piece: string) => (texts.stdout += piece))
  stderr.setEncoding('utf8').on('data', (piece: string) => (texts.stderr += piece))
  const context: Context = {
    stdout: outputTo(stdout),
    stderr: outputTo(stderr),
    tools: {} as Context['tools'],
    watch: () => () => {},
    now: () => 0,
  }
  const code = await run(['history', ...args], context)
  await new Promise((resolve) => setImmediate(resolve))
  return { code, ...texts }
}

function at(ms: number, one: EndedTransfer = ended()): EndedTransfer {
  return { ...one, event: { ...one.event, time: TIME + ms + one.event.ms } }
}

const MANY = [
  at(0, ended({ file: 'a.bin' })),
  at(1000, ended({ file: 'b c.bin', client: '[2001:db8::1]:3000' }, { device: '2001:db8::1 1 octet' })),
  at(2000, failed()),
  at(3000, ended({ file: 'd.bin', lastAck: 'missing' }, { device: '192.0.2.9 1 octet' })),
]

describe('history', () => {
  test('lists the newest first, in columns, in the zone of this machine', async () => {
    const { TZ } = process.env
    process.env.TZ = 'Asia/Kolkata'
    try {
      const { code, stdout } = await history('--state', stateWith(MANY))
      expect(code).toBe(0)
      expect(stdout.split('\n')).toEqual([
        'no.  when                 device             file       ended                 size   time      speed',
        '  4  2026-01-03 00:00:08  192.0.2.7          d.bin      probably complete  1.00 kB  13 ms  80.0 kB/s',
        '  3  2026-01-03 00:00:07  02:00:00:00:00:07  image.bin  failed             1.00 kB  13 ms  80.0 kB/s  ERR_TFTP_TIMEOUT, 1 stall',
        '  2  2026-01-03 00:00:06  2001:db8::1        "b c.bin"  completed          1.00 kB  13 ms  80.0 kB/s',
        '  1  2026-01-03 00:00:05  02:00:00:00:00:07  a.bin      completed          1.00 kB  13 ms  80.0 kB/s',
        '',
      ])
    } finally {
      if (TZ === undefined) delete process.env.TZ
      else process.env.TZ = TZ
    }
  })

  test.each([
    [['--failed'], [4, 3]],
    [
      ['--device', MAC],
      [3, 1],
    ],
    [['--device', MAC.toUpperCase().replaceAll(':', '-'), '--failed'], [3]],
    [['--device', '2001:db8::1'], [2]],
    [
      ['--device', '192.0.2.7'],
      [4, 3, 1],
    ],
    [
      ['--limit', '2'],
      [4, 3],
    ],
    [['--device', '198.51.100.1'], []],
  ])('%j', async (flags, ids) => {
    const { stdout } = await history('--state', stateWith(MANY), '--json', ...flags)
    const lines = stdout.split('\n').filter((line) => line !== '')
    expect(lines.map((line) => (JSON.parse(line) as { id: number }).id)).toEqual(ids)
  })

  test('times in JSON are ISO 8601, and what is unknown is left out', async () => {
    const { stdout } = await history('--state', stateWith([at(0)]), '--json')
    expect(JSON.parse(stdout)).toEqual({
      id: 1,
      started: '2026-01-02T18:30:05.000Z',
      ms: 12.5,
      address: '192.0.2.7',
      port: 2001,
      mac: MAC,
      device: `${MAC} 1 octet tsize`,
      direction: 'read',
      asked: 'image.bin',
      optionsAsked: 'tsize=0',
      optionsAgreed: 'tsize=1000',
      outcome: 'completed',
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
  })

  test('says when there is nothing', async () => {
    expect((await history('--state', stateWith([]))).stdout).toBe('no transfers yet\n')
    expect((await history('--state', stateWith([]), '--failed')).stdout).toBe('no such transfers\n')
  })

  test('what a peer sent cannot write to the terminal', async () => {
    const file = 'x\x1b[2J\u202e\n.bin'
    const state = stateWith([
      at(0, ended({ file, client: '192.0.2.7:1' }, { asked: 'a=\x07', device: '192.0.2.7 1 \x9b' })),
    ])
    for (const args of [[], ['show', '1'], ['devices'], ['export']]) {
      const { stdout } = await history(...args, '--state', state)
      expect(stdout.replace(/\r?\n/g, ''), args.join(' ')).not.toMatch(/[\p{Cc}\u202e]/u)
    }
    // For programs it is what it was, escaped as JSON has it.
    const { stdout } = await history('--json', '--state', state)
    expect(stdout.trimEnd()).not.toMatch(/\p{Cc}/u)
    expect(JSON.parse(stdout)).toMatchObject({ asked: file })
  })
})

describe('history show', () => {
  test('tells everything of one transfer, and draws its packets', async () => {
    const { code, stdout } = await history('show', '3', '--state', stateWith(MANY))
    expect(code).toBe(0)
    const lines = stdout.split('\n')
    expect(lines[0]).toBe('transfer 3: 192.0.2.7 asked for image.bin: failed')
    expect(stdout).toMatch(/options +asked tsize=0; agreed tsize=1000\n/)
    expect(stdout).toMatch(
      /error +ERR_TFTP_TIMEOUT\n +reason +image.bin to 192.0.2.7:2001: block 2 was never acknowledged\n/,
    )
    const plot = lines.slice(lines.findIndex((line) => line.startsWith('block over time')))
    // Five packets, four of them at once: they stand in their order. Block 2 is the third, and again the last.
    expect(plot[1]).toMatch(/^ 2 \| +\. +#$/)
    expect(plot[16]).toMatch(/^ 1 \| +\. +o$/)
    expect(plot[19]).toMatch(/a column is a number of packets/)
    expect(plot.slice(-6, -1)).toEqual([
      '      0.0000  ← request',
      '      0.0010  → DATA 1',
      '      0.0010  → … to DATA 2',
      '      0.0020  ← ACK 1',
      '      1.0000  → DATA 2',
    ])
  })

  test('as JSON with each packet', async () => {
    const { stdout } = await history('show', '3', '--json', '--state', stateWith(MANY))
    expect(JSON.parse(stdout)).toMatchObject({
      id: 3,
      trace: [{ ms: 0, sent: false, kind: 'request' }, {}, {}, {}, { ms: 1000 }],
    })
  })

  test('says why there are no packets', async () => {
    expect((await history('show', '1', '--state', stateWith(MANY))).stdout).toMatch(/this one did not\n$/)
  })
})

describe('history export', () => {
  test('is CSV, the oldest first', async () => {
    const { code, stdout } = await history('export', '--state', stateWith(MANY))
    expect(code).toBe(0)
    const lines = stdout.split('\r\n')
    expect(lines).toHaveLength(6)
    expect(lines[0]).toMatch(/^id,started,ms,address,port,mac,device,direction,asked,/)
    expect(lines[1]).toBe(
      `1,2026-01-02T18:30:05.000Z,12.5,192.0.2.7,2001,${MAC},${MAC} 1 octet tsize,read,a.bin,,tsize=0,tsize=1000,completed,,,,,,1000,1000,2,2,0,1,512,0,1a2b3c4d,false`,
    )
  })

  test.each([
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['=1+1', "'=1+1"],
    ['@SUM(A1),2', `"'@SUM(A1),2"`],
    ['-x', "'-x"],
    ['a-x', 'a-x'],
  ])('of a name %j, which a spreadsheet takes for a text', async (file, cell) => {
    const { stdout } = await history('export', '--state', stateWith([at(0, ended({ file }))]))
    expect(stdout).toContain(`,read,${cell},,tsize=0,`)
  })

  test('is JSON lines, filtered, and whole however long', async () => {
    const many = Array.from({ length: 2500 }, (_, i) => at(i, ended({ file: `f${i}` })))
    const state = stateWith([...many, at(5000, failed())])
    const { stdout } = await history('export', '--format', 'ndjson', '--state', state)
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number })
    expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: 2501 }, (_, i) => i + 1))
    const failures = await history('export', '--format', 'ndjson', '--failed', '--state', state)
    expect(failures.stdout.trimEnd().split('\n')).toHaveLength(1)
  })
})

describe('devices', () => {
  test('are listed with what was learnt, and forgotten by what names them', async () => {
    const state = stateWith(MANY, [`${MAC} 1 octet tsize`, 5, 4], ['192.0.2.9 1 octet', 6])
    const { stdout } = await history('devices', '--state', state)
    expect(stdout).toMatch(/02:00:00:00:00:07 1 octet tsize +192\.0\.2\.7 .* 2 +window 4\n/)
    expect(stdout).toMatch(/192\.0\.2\.9 1 octet .* 1 +healthy\n/)
    expect(stdout).toMatch(/2001:db8::1 1 octet .* 1 +-\n/)
    const forgot = await history('forget', MAC, '--state', state)
    expect([forgot.code, forgot.stdout]).toEqual([0, `forgotten what was learnt of ${MAC} (1 kind of request)\n`])
    expect((await history('devices', '--state', state)).stdout).not.toMatch(/window 4/)
    expect((await history('--state', state, '--json')).stdout.trimEnd().split('\n')).toHaveLength(4)
    const again = await history('forget', MAC, '--state', state)
    expect([again.code, again.stderr]).toEqual([
      2,
      expect.stringMatching(/^foresend: nothing was learnt of a device .*history devices.*\n$/),
    ])
  })
})

describe('what is wrong is one line that says what to do', () => {
  test.each([
    ['no history there', 2, /no history in .*--state/, () => tempFolder()],
    ['not a database', 1, /it is broken; the next `foresend serve` sets it aside/, garbage],
    ["another program's", 2, /another program's database; name another folder/, foreign],
    ['an empty file', 2, /is empty: no server has written to it yet/, empty],
  ])('%s', async (_, code, text, make) => {
    const ran = await history('--state', make())
    expect(ran.code).toBe(code)
    expect(ran.stderr).toMatch(text)
    expect(ran.stderr.split('\n')).toHaveLength(2)
  })

  test('a number that is not there', async () => {
    const ran = await history('show', '99', '--state', stateWith(MANY))
    expect([ran.code, ran.stderr]).toEqual([
      2,
      'foresend: no transfer 99 in the history: `foresend history` lists them with their numbers\n',
    ])
  })
})

function garbage(): string {
  const folder = tempFolder()
  writeFileSync(databasePath(folder), 'x'.repeat(5000))
  return folder
}

function foreign(): string {
  const folder = join(tempFolder(), 'state')
  mkdirSync(folder)
  const db = new DatabaseSync(databasePath(folder))
  db.exec('CREATE TABLE a (x)')
  db.close()
  return folder
}

function empty(): string {
  const folder = tempFolder()
  writeFileSync(databasePath(folder), '')
  return folder
}
