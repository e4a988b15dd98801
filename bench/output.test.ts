import { describe, expect, test } from 'vitest'
import { CASES } from './cases.ts'
import { documentParts, withParts } from './document.ts'
import { readFlags } from './flags.ts'
import { loadArguments } from './load.ts'
import { madeUp } from './made-up.ts'
import { bars, curves } from './page-charts.ts'
import { page } from './page.ts'
import { partsOf, symbolsOf } from './profile-table.ts'
import { render } from './report.ts'
import { SERVERS } from './servers.ts'

describe('the table', () => {
  test('shows a case with its noise, the best peer, the ratio and the target', () => {
    const text = render(madeUp({ 'clients-100-w1': [460, 90, 82, 108, 306] }))
    expect(text).toMatch(/^100 clients, windowsize 1 +MB\/s +460 ±10% .*306 ±10% +dnsmasq +1\.5 .*yes$/m)
  })

  test('says why a server has no figure, once for all cases', () => {
    const text = render(madeUp())
    expect(text).toContain('tftpd-hpa: grants windowsize 1 (window-16, loss-1-w16, loss-5-w16)')
    expect(text).toContain('left out: another server is missing')
  })
})

describe('the page', () => {
  test('needs nothing else, and escapes what programs say of themselves', () => {
    const text = page(madeUp())
    expect(text).not.toMatch(/<script|<link|<img|https?:|url\(|@import/)
    expect(text).toContain('Some &#60;CPU&#62;')
    expect(text).not.toContain('<CPU>')
    expect(text).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('says which way is better, and what is only a quick run', () => {
    const text = page({ ...madeUp(), quick: true })
    expect(text).toContain('KB for each transfer, shorter is better')
    expect(text).toContain('MB/s, longer is better')
    expect(text).toContain('A quick run')
  })

  test('has its elements closed', () => {
    const open: string[] = []
    for (const [, closing, name = '', selfClosed] of page(madeUp()).matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
      if (selfClosed === '/' || ['meta', 'br'].includes(name)) continue
      if (closing === '/') expect(open.pop()).toBe(name)
      else open.push(name)
    }
    expect(open).toEqual([])
  })

  test('draws bars to the longest range, and the limit through them', () => {
    const drawn = bars([{ label: 'a', tone: 'batch', spread: { median: 50, least: 40, most: 80 } }], 100)
    expect(drawn).toContain('width="50.00"')
    expect(drawn).toContain('M40.00 10H80.00')
    expect(drawn).toContain('x1="100.00"')
  })

  test('draws curves from 0, with round steps', () => {
    const spread = { median: 830, least: 800, most: 850 }
    const drawn = curves(
      [
        {
          label: 'a',
          tone: 'batch',
          points: [
            { at: 0, spread },
            { at: 1, spread },
          ],
        },
      ],
      ['1', '10'],
      'x',
      't',
    )
    expect([...drawn.matchAll(/text-anchor="end">([^<]+)/g)].map(([, text]) => text)).toEqual(['0', '500', '1000'])
  })
})

describe('the document', () => {
  test('is filled between the marks only', () => {
    const text = 'a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n<!-- bench:y -->\n<!-- /bench:y -->\n'
    const once = withParts(text, { x: 'new $& $1' })
    expect(once).toBe('a\n<!-- bench:x -->\n\nnew $& $1\n\n<!-- /bench:x -->\nb\n<!-- bench:y -->\n<!-- /bench:y -->\n')
    expect(withParts(once, { x: 'new $& $1' })).toBe(once)
    expect(() => withParts(text, { z: '' })).toThrow('no place for bench:z')
  })

  test('has a row for each case and a column for each server', () => {
    const { table = '', curves: lines = '' } = documentParts(madeUp())
    expect(table.split('\n')[0]).toBe(
      '| case | unit | Foresend (batch) | Foresend (dgram) | tftpd-hpa | atftpd | dnsmasq | beside the best | of the ceiling |',
    )
    expect(table).toContain('| lock-step, blocks of 512 | MB/s | 80 ±10% |')
    expect(lines).toContain('| clients at once | 1 | 10 | 100 | 1000 | 5000 |')
  })
})

describe('the command line', () => {
  test('chooses cases by how they begin, and keeps ours beside a peer', () => {
    const flags = readFlags(
      ['--only', 'lockstep', '--server', 'dnsmasq', '--repeats', '5', '--minutes', '7'],
      SERVERS,
      CASES,
    )
    expect(flags).toMatchObject({ chosen: true, repeats: 5, minutes: 7 })
    if (typeof flags === 'string') throw new Error(flags)
    expect(flags.cases.map(({ name }) => name)).toEqual(['lockstep-512', 'lockstep-1428', 'lockstep-8192'])
    expect(flags.servers.map(({ name }) => name)).toEqual(['foresend-batch', 'foresend-dgram', 'dnsmasq'])
  })

  test.each([
    [['--only', 'nothing'], /no such case/],
    [['--server', 'nobody'], /no such server/],
    [['--repeats', '0'], /not a number/],
    [['--wrong'], /--wrong/],
  ])('%j is refused', (args, why) => {
    expect(readFlags(args, SERVERS, CASES)).toMatch(why)
  })

  test('the load generator is told everything, and nothing that is not set', () => {
    const job = {
      address: '127.0.0.1',
      port: 69,
      direction: 'get',
      file: 'f',
      clients: 2,
      transfers: 4,
      blksize: 1428,
      windowsize: 16,
      timeoutMs: 1000,
      limitSeconds: 9,
    } as const
    const words = loadArguments({ ...job, lossPercent: 1, seed: 7 }).join(' ')
    expect(words).toBe(
      '--host 127.0.0.1 --port 69 --file f --direction get --clients 2 --transfers 4 --blksize 1428 --windowsize 16 --timeout 1000 --limit 9 --loss 1 --seed 7 --json',
    )
    expect(loadArguments(job).join(' ')).not.toMatch(/loss|seed|expect|undefined/)
  })
})

describe('the profile', () => {
  test('adds up self time by folder and foreign function, without idle time', () => {
    const node = (id: number, functionName: string, url: string) => ({ id, callFrame: { functionName, url } })
    const nodes = [
      node(1, '(idle)', ''),
      node(2, 'send', 'file:///x/src/transfer/policy/a.ts'),
      node(3, 'sendmmsg', ''),
      node(4, '(garbage collector)', ''),
      node(5, 'b', 'file:///x/src/transfer/policy/b.ts'),
    ]
    const parts = partsOf({ nodes, samples: [1, 2, 3, 4, 5], timeDeltas: [100, 10, 60, 10, 20] })
    expect(parts).toEqual([
      { name: 'sendmmsg()', share: 0.6 },
      { name: 'src/transfer/policy', share: 0.3 },
      { name: 'garbage collector', share: 0.1 },
    ])
  })

  test("reads perf's report", () => {
    const report = '  12.34%  [k] copy_user_generic\n   2.00%  [.] 0x0000123\n\n# a remark\n'
    expect(symbolsOf(report)).toEqual([
      { name: 'copy_user_generic (kernel)', share: 0.1234 },
      { name: '0x0000123', share: 0.02 },
    ])
  })
})
