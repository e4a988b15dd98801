/** The lab's commands within this process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DEVICES } from '../../lab/index.ts'
import { startServer } from '../../server/server.ts'
import type { Context } from '../context.ts'
import { run } from '../main.ts'
import { labPage, plotOf } from './render/html.ts'
import { CountProgress, countLine } from './render/progress.ts'
import { parseSize } from './render/words.ts'
import type { StreamOutput } from '../render/output.ts'
import { loadTools } from '../tools.ts'

const folder = mkdtempSync(join(tmpdir(), 'foresend-lab-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function lab(line: string, watch: Context['watch'] = () => () => {}): Promise<Ran> {
  const stdout = collector()
  const stderr = collector()
  const context = { stdout: stdout.output, stderr: stderr.output, tools: loadTools(), watch, now: Date.now }
  const code = await run(['lab', ...line.split(' ').filter((word) => word !== '')], context)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

function collector(columns = 100, isTTY = false): { output: StreamOutput; text: () => string } {
  let text = ''
  const stream = Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, { isTTY: false })
  const write = (piece: string): void => void (text += piece)
  return { output: { stream, broken: undefined, isTTY, columns, rows: 24, write }, text: () => text }
}

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('mistakes: one line that says what and what would be right, exit code 2', () => {
  const broken = file('broken.json', '{\n  "name": "x",\n  "descriptoin": "y"\n}\n')
  const slow = file(
    'slow.json',
    JSON.stringify({
      ...DEVICES.curl,
      client: { model: 'curl' },
      name: 'slow',
      link: { delayMs: 60_000, rateBytesPerSec: 1 },
    }),
  )
  test.each<[string, RegExp]>([
    ['run --device archer-c2-fautly', /unknown device "archer-c2-fautly"; did you mean archer-c2-faulty\?/],
    ['run --server tftpd65', /unknown server "tftpd65"; did you mean tftpd64/],
    ['run --server zzz*', /unknown server "zzz\*"/],
    ['run --fault ackloss', /unknown fault `ackloss`; did you mean ack-loss\?/],
    ['run --fault ack-loss:px=1', /no parameter `px`; did you mean p\?/],
    ['run --fault ack-loss:p=2', /expected a number from 0 to 0\.999/],
    ['run --device curl --fault console-slow', /none of these devices can have console-slow/],
    ['run --device nope.json', /cannot read the device file nope\.json: ENOENT/],
    ['run --device ./nope', /cannot read the device file nope: ENOENT/],
    ['run --device /dev/', /cannot read the device file dev: EISDIR/],
    [
      `run --device ${broken}`,
      /broken\.json:3: descriptoin: unknown parameter `descriptoin`; did you mean description\?/,
    ],
    ['run --size 3GB', /up to 2 GiB/],
    ['run --json --html x.html', /give one of them/],
    [`run --device curl --server dnsmasq --html ${folder}`, /cannot write the page/],
    ['run --runs 0', /1 to 1000000/],
    ['run --runs 1000000', /boots in all, and 1000000 are allowed: name fewer devices/],
    ['run --put --runs 1000000', /boots in all, and 1000000 are allowed: name fewer devices/],
    ['run --fault ack-loss:burst=0', /burst: datagrams lost in a row: expected a whole number from 1 to 65535/],
    ['run --device strict --fault fragment-loss:mtu=300', /needs packets of 544 bytes; allowed is 544 or more/],
    [`run --device ${slow}`, /slow\.json:1: link\.delayMs: no boot is possible: curl waits 306000 ms for a block/],
    ['run --boots 0', /'--boots <N>' argument '0' is invalid\. It takes boots: a whole number from 1 to 10000\./],
    ['run --boots -2', /argument '-2' is invalid\. It takes boots: a whole number from 1 to 10000\./],
    ['run --boots many', /argument 'many' is invalid\. It takes boots: a whole number from 1 to 10000\./],
    ['run --boots 2 --html x.html', /give one of them/],
    ['run --put --boots 2', /--boots and --html show boots, and --put uploads: give one of them/],
    ['run --put --device crul', /unknown client that stores "crul"; did you mean curl\?/],
    ['run --put --server netgear', /unknown server that stores "netgear"; did you mean netgear-recovery\?/],
    ['run --put --fault slow-flash', /slow-flash sits in the device: no link can have it/],
    ['sweep --find holes', /harm, stall, or harm,stall/],
    ['list gadgets', /devices, servers, faults, clients, uploaders or storers/],
    ['explain archer', /unknown experiment "archer"; did you mean archer-c2\?/],
    ['explain archer-c2 --fault slow', /unknown fault "slow"/],
    ['device curl', /required option '--host <HOST>'/],
    ['device archer* --host 127.0.0.1', /is several/],
    ['device curl --host 127.0.0.1 --expect nope', /cannot read nope to compare with: ENOENT; give --expect a file/],
    ['link --listen 127.0.0.1 --to 127.0.0.1:69', /ADDR:PORT/],
    ['link --listen 127.0.0.1:0 --to 127.0.0.1:0', /No server is at port 0/],
    ['link --listen 127.0.0.1:0 --to 127.0.0.1:69 --fault slow-flash', /sits in the device/],
    ['rum', /unknown command 'rum'.*Did you mean run/],
    ['run --sever x', /unknown option '--sever'.*foresend lab run --help/],
  ])('%s', async (line, says) => {
    const ran = await lab(line)
    expect(ran.stderr).toMatch(says)
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
  })
})

test.each(['', 'run ', 'sweep ', 'list ', 'explain ', 'device ', 'link '])('%s--help is a page', async (command) => {
  const ran = await lab(`${command}--help`)
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toMatch(/Examples:\n/)
  expect(ran.stdout).toMatch(/Exit codes: /)
  for (const line of ran.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
})

describe('run', () => {
  test('a table: aligned, no colour without a terminal, and a closing line', async () => {
    const { code, stdout, stderr } = await lab('run --device uboot-1.1,curl --server foresend* --size 50k')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toContain('\x1b')
    const lines = stdout.split('\n')
    expect(lines[0]).toBe('uboot-1.1  fault: none')
    const column = lines[1].indexOf('outcome')
    for (const line of lines.filter((text) => text.startsWith('  foresend')))
      expect(line.slice(column)).toMatch(/^intact/)
    expect(lines.at(-2)).toMatch(/^(\d+) boots: \1 intact, 0 failed, 0 harmful$/)
  })

  test('the same seed gives the same bytes; each row is JSON', async () => {
    const line =
      'run --device archer-c2-faulty --server tftpd64-1000,foresend-window-2 --size 50k --runs 3 --seed 5 --json'
    const { stdout } = await lab(line)
    expect((await lab(line)).stdout).toBe(stdout)
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { seed: number; device: string })
    expect(rows.map(({ seed }) => seed)).toEqual([5, 6, 7, 5, 6, 7])
    expect(rows[0]).toMatchObject({ device: 'archer-c2-faulty', server: 'tftpd64-1000', fault: 'ack-loss:p=0.01..0.3' })
  })

  test('boots of one unit in a row: a line for each, totals, and what was learnt is known in the next', async () => {
    const line = 'run --device archer-c2-faulty --server foresend,tftpd64 --size 300k --boots 3 --runs 2'
    const { code, stdout, stderr } = await lab(line)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const units = stdout.split('\n\n')
    expect(units).toHaveLength(5)
    const [heading, columns, ...boots] = units[0].split('\n')
    expect(heading).toBe('archer-c2-faulty  fault: ack-loss:p=0.01..0.3  server: foresend  seed: 1')
    expect(columns).toMatch(/^ {2}boot +time +longest pause +window +outcome$/)
    expect(boots.slice(0, 3).map((text) => Number(text.slice(0, 6)))).toEqual([1, 2, 3])
    expect(boots[3]).toMatch(/^ {2}3 boots: 3 intact, 0 failed, 0 harmful; .* in all, longest pause /)
    expect(units[4]).toMatch(/^12 boots: /)
    const { stdout: json } = await lab(`${line} --json`)
    const rows = json
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { seed: number; boot: number; server: string; drawn: object; ms: number })
    const ours = rows.filter(({ server }) => server === 'foresend')
    expect(ours.map(({ seed, boot }) => [seed, boot])).toEqual(
      [1, 2].flatMap((seed) => [1, 2, 3].map((n) => [seed, n])),
    )
    // One unit: what was drawn for it stays, its luck does not.
    expect(ours[1].drawn).toEqual(ours[0].drawn)
    expect(ours[1].ms).not.toBe(ours[0].ms)
    expect(ours[3].drawn).not.toEqual(ours[0].drawn)
  })

  test('uploads: a client that stores against servers that are written to', async () => {
    const line = 'run --put --device foresend-put,hp-procurve --server foresend,asus-recovery --size 20k --runs 2'
    const { code, stdout, stderr } = await lab(line)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines[0]).toBe('foresend-put  fault: none')
    expect(lines[2]).toMatch(/^ {2}foresend +intact 2\/2/)
    expect(stdout).toMatch(/^ {2}asus-recovery +intact, unknown to client 2\/2/m)
    expect(lines.at(-2)).toBe('8 uploads: 8 intact, 0 failed, 0 harmful')
    const json = (await lab(`${line} --fault all --json`)).stdout.trimEnd().split('\n')
    expect(json.length % 8).toBe(0)
    expect(JSON.parse(json[0])).toMatchObject({
      direction: 'write',
      device: 'foresend-put',
      server: 'foresend',
      fault: 'none',
    })
    expect(json.filter((text) => text.includes('"fault":"dead-rx"'))).toHaveLength(8)
  })

  test("every fault with one client; a device of one's own from its file", async () => {
    const mine = file('mine.json', JSON.stringify({ ...DEVICES.curl, client: { model: 'curl' }, name: 'mine' }))
    const { stdout, code } = await lab(`run --device ${mine} --fault all --server foresend-lock-step --size 5k`)
    expect(code).toBe(0)
    expect(stdout.match(/^mine {2}fault: /gm)?.length).toBeGreaterThan(18)
    expect(stdout).not.toContain('console-slow')
  })

  test('a signal ends it after what runs, and what is done is shown', async () => {
    const watch: Context['watch'] = (stop) => {
      stop(1)
      return () => {}
    }
    const { stdout, code } = await lab('run --device uboot-1.1,strict,ipxe --size 20MiB --server tftp-hpa-5.2', watch)
    expect(stdout).toMatch(/boots? \(stopped: \d of 3\)/)
    expect(code).toBe(1)
    const swept = await lab('sweep --device strict --server foresend --fault none --size 20MiB --seeds 99', watch)
    expect(swept.stderr).toMatch(/seeds? tried \(stopped: \d+ of 99\), nothing found/)
    expect(swept.code).toBe(1)
  })

  test('the page holds everything itself', async () => {
    const path = join(folder, 'lab.html')
    const { stderr } = await lab(`run --device archer-c2-faulty,edk2-pxe --size 50k --runs 2 --html ${path}`)
    expect(stderr).toBe(`wrote ${path}\n`)
    const page = readFileSync(path, 'utf8')
    expect(page).not.toMatch(/(?:src|href)=|@import|url\(|https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
    const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
    const data = JSON.parse(json) as {
      servers: unknown[]
      cells: { outcome: string; says: string; whole: number[]; rows: unknown[] }[]
    }
    expect(data.cells).toHaveLength(2 * data.servers.length)
    for (const { whole, rows } of data.cells) {
      expect(rows).toHaveLength(2)
      expect(whole.length % 3).toBe(0)
    }
    expect(page.match(/<button /g)).toHaveLength(data.cells.length)
    // Where one of the two boots failed, what is said of it is not said of both.
    const mixed = data.cells.filter(({ outcome }) => outcome.includes('1/2'))
    expect(mixed.length).toBeGreaterThan(0)
    for (const { says } of mixed) expect(says).toMatch(/^in the worst boot the /)
  })
})

test('the page escapes what it shows', () => {
  const device = { ...DEVICES.curl, name: '</script><b>', description: '"&\'' }
  const page = labPage({
    summaries: [],
    plots: [plotOf([])],
    devices: [device],
    servers: [{ name: '<i>', summary: '' }],
  })
  expect(page).not.toMatch(/<b>|<i>/)
  expect(page.match(/<\/script>/g)).toHaveLength(2)
})

describe('sweep', () => {
  const pinned = '--server pytftpd-2 --device uboot-1.1 --fault data-loss --size 100k'

  test('finds a hole and prints the line that shows it again', async () => {
    const found = await lab(`sweep ${pinned} --seeds 20`)
    expect(found.code).toBe(1)
    expect(found.stdout.trimEnd().split('\n')).toHaveLength(1)
    const again = /foresend lab (run .*)/.exec(found.stdout)?.[1] ?? ''
    expect((await lab(`${again} --json`)).stdout).toContain('"verdict":"hole"')
  })

  test('finds nothing where there is nothing', async () => {
    const ran = await lab('sweep --device uboot-1.1 --fault none --seeds 20 --size 5k')
    expect(ran).toEqual({ code: 0, stdout: '', stderr: '20 seeds tried, nothing found\n' })
  })

  test('finds stalls, all of them when asked', async () => {
    const ran = await lab(
      'sweep --device uboot-1.1 --server tftpd64-1000 --fault ack-loss --size 100k --seeds 5 --find stall --stall-ms 500 --all',
    )
    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(/^stood still for .*: foresend lab run --device uboot-1\.1 /)
    expect(ran.stderr).toMatch(/5 seeds tried, [1-5] cases? found/)
  })
})

test('the device file of the documentation boots', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/lab.md'), 'utf8')
  const path = file('my-router.json', /```json\n(.*?)```/s.exec(page)?.[1] ?? '')
  expect(await lab(`run --device ${path} --server foresend-lock-step --size 5k`)).toMatchObject({ code: 0, stderr: '' })
})

test('list has everything, and each kind alone', async () => {
  expect((await lab('list uploaders')).stdout).toMatch(/^uploaders\n(.*\n)*  foresend-put /)
  expect((await lab('list storers')).stdout).toMatch(/^storers\n(.*\n)*  asus-recovery /)
  const { stdout } = await lab('list')
  for (const name of ['archer-c2-faulty', 'tftpd64-1000', 'ack-loss', 'slow-flash', 'uboot-1.1.3'])
    expect(stdout).toContain(`  ${name} `)
  expect((await lab('list clients')).stdout).not.toContain('tftpd64')
  expect((await lab('list clients')).stdout).toMatch(
    /^ {2}uboot-1\.1\.3 +ignored +stored and acknowledged +1\.00 s +after 10 timeouts in all, and starts again$/m,
  )
  const clients = (await lab('list clients --json')).stdout.trimEnd().split('\n')
  expect(JSON.parse(clients[0])).toMatchObject({ name: 'strict', does: { repeatedBlock: 'acknowledged' } })
  const entries = (await lab('list faults --json')).stdout.trimEnd().split('\n')
  expect(JSON.parse(entries[1])).toMatchObject({ kind: 'fault', name: 'ack-loss', details: 'p=0.037,burst=1' })
})

test('explain: reports beside results, every fault judged', async () => {
  const { stdout, code } = await lab('explain archer-c2 --fault ack-loss,dead-rx --seeds 1 --size 500k')
  expect(code).toBe(0)
  expect(stdout).toMatch(/tftp-hpa-5\.2 .*O1: ends after a few hundred blocks/)
  expect(stdout).toMatch(/ {2}dead-rx +no +no +no/)
  const json = await lab('explain archer-c2 --fault dead-rx --seeds 1 --size 5k --json')
  expect(JSON.parse(json.stdout)).toMatchObject({ seeds: 1, verdicts: [{ fault: 'dead-rx', fit: 'no' }] })
})

describe('on real sockets', () => {
  test('a device gets a file through a faulty link, and both report', async () => {
    const image = Buffer.alloc(100_000, 'what a device would boot')
    const path = join(folder, 'image.bin')
    writeFileSync(path, image)
    const options = {
      hosts: ['127.0.0.1'],
      window: 'auto',
      driver: 'dgram',
      writable: false,
      overwrite: false,
    } as const
    const server = await startServer({ ...options, path, port: 0, singlePort: false, allow: [] })
    try {
      const to = server.bound[0].port
      const got = await lab(`device uboot-2020 --host 127.0.0.1 --port ${to} --file image.bin --expect ${path} --json`)
      expect(JSON.parse(got.stdout)).toMatchObject({
        whole: true,
        asExpected: true,
        bytes: 100_000,
        holes: 0,
        status: 'ok',
      })
      const other = await lab(`device uboot-2020 --host 127.0.0.1 --port ${to} --expect ${import.meta.filename}`)
      expect(other.code).toBe(1)
      expect(other.stdout).toContain('has another image than expected')
      const small = await lab(`device uboot-2020 --host 127.0.0.1 --port ${to} --size 5k`)
      expect(small.stdout).toMatch(/larger than its memory|missing block|failed/)
      expect(small.code).toBe(1)
    } finally {
      await server.stop(0)
    }
  })

  test('a link runs until it is stopped', async () => {
    let stop = (_count: number): void => {}
    const running = lab('link --listen 127.0.0.1:0 --to 127.0.0.1:9 --fault ack-loss:p=0.01..0.3', (onStop) => {
      stop = onStop
      setImmediate(() => stop(1))
      return () => {}
    })
    const { code, stdout } = await running
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^faulty link from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:9: ack-loss:p=0\.01\.\.0\.3 ack-loss\.p=0\.\d+\n0 clients; /,
    )
  })
})

describe('progress', () => {
  const at = (times: readonly number[], isTTY: boolean): string => {
    const { output, text } = collector(100, isTTY)
    let now = 0
    const progress = new CountProgress(output, () => now, 'boots')
    times.forEach((time, index) => {
      now = time
      progress.update(index + 1, 10)
    })
    progress.close()
    return text()
  }

  test('nothing for what is over within two seconds', () => expect(at([100, 200, 400, 600, 800, 1000], true)).toBe(''))

  test('a bar with the time left, redrawn in place and taken away', () => {
    const text = at([1000, 2000], true)
    expect(text).toContain('[######------------------------]  20 %  2 of 10 boots, 8.00 s left')
    expect(text.endsWith('\r\x1b[K')).toBe(true)
  })

  test('a line now and then without a terminal', () => {
    expect(at([1000, 2000, 6000, 7000, 12_000], false)).toBe(
      ' 30 %  3 of 10 boots, 14.0 s left\n 50 %  5 of 10 boots, 12.0 s left\n',
    )
    expect(countLine(0, 0, 'boots', 0, false)).toBe('100 %  0 of 0 boots, 0 ms left')
  })
})

test.each([
  ['1048576', 1_048_576],
  ['512k', 512_000],
  ['7.75MiB', 8_126_464],
  ['1 GB', 1e9],
  ['5b', 5],
  ['x', undefined],
  ['-5', undefined],
  ['1e5', undefined],
])('size %s', (text, bytes) => expect(parseSize(text)).toBe(bytes))
