/** The whole command within this process, on captures of the lab and on captures written by hand. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { captureOfLab } from '../../../test/golden/capture-of-lab.ts'
import { pcap, LINK, packet } from '../../../test/golden/capture-maker.ts'
import { blocks, CLIENT, Scene, SERVER } from '../../../test/golden/capture-scene.ts'
import { patternedImage } from '../../lab/experiment.ts'
import type { ServerName } from '../../lab/index.ts'
import { collector } from '../../../test/support/collector.ts'
import { run } from '../main.ts'
import { isHealthy, type Judged, type TransferFacts } from './judged.ts'
import { scriptJson } from './page/escape.ts'
import { beginText, directionText } from './words.ts'
import { loadTools } from '../tools.ts'

const folder = mkdtempSync(join(tmpdir(), 'foresend-diagnose-'))
afterAll(() => rmSync(folder, { recursive: true }))

const IMAGE = patternedImage(300_000, 1)
const lab = (device: string, server: ServerName, seed: number): Uint8Array =>
  captureOfLab(device, server, IMAGE, seed).file
let files = 0
function file(bytes: Uint8Array | string, name = `${++files}.pcap`): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const stalled = file(lab('archer-c2-faulty', 'tftp-hpa-5.2', 5), 'stalled.pcapng')
const dead = file(lab('archer-c2-dead-rx', 'tftp-hpa-5.2', 1), 'dead.pcapng')
const good = file(lab('archer-c2-good', 'tftp-hpa-5.2', 1), 'good.pcapng')
const noCapture = file('this is a text and no capture of any packet', 'notes.txt')

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function diagnose(...args: string[]): Promise<Ran> {
  const stdout = collector()
  const stderr = collector()
  const context = {
    stdout: stdout.output,
    stderr: stderr.output,
    tools: loadTools(),
    watch: () => () => {},
    now: () => 0,
  }
  const code = await run(['diagnose', ...args], context)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

/** Wrapped lines as one. */
const flowing = (text: string): string => text.replace(/\s+/g, ' ')

interface Answer {
  readonly transfers: readonly {
    readonly [key: string]: unknown
    readonly causes: readonly { readonly id: string; readonly confidence: number }[]
  }[]
  readonly captures: readonly Record<string, unknown>[]
}
const json = (ran: Ran): Answer => JSON.parse(ran.stdout) as Answer

describe('what it says', () => {
  test('a device that loses its acknowledgements', async () => {
    const ran = await diagnose(stalled)
    expect(ran).toMatchObject({ code: 1, stderr: '' })
    const text = flowing(ran.stdout)
    expect(text).toContain('192.168.0.1 reads "test.bin" from 192.168.0.66')
    expect(text).toMatch(/FAILED\. It stopped .* \(\d+ %\): .* Direction: from the device to the server\. What to do: /)
    expect(text).toMatch(/Evidence of ack-loss: - .* \(packets? \d+/)
    expect(text).toMatch(/Blocks that the device may not have: all behind block \d+: the transfer did not end\./)
  })

  test('a device that hears nothing', async () => {
    const ran = await diagnose(dead)
    expect(ran.code).toBe(1)
    expect(flowing(ran.stdout)).toMatch(
      /FAILED\. .* Direction: from the server to the device\. .* all blocks: the device acknowledged none/,
    )
  })

  test('a healthy transfer', async () => {
    const ran = await diagnose(good)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/healthy\. The transfer is complete; 586 blocks acknowledged \(300 kB sent\) in \d+ ms/)
    expect(ran.stdout).toContain('Blocks that the device may not have: none.')
    expect(ran.stdout).not.toMatch(/Evidence|What to do/)
  })

  test('in a window an ACK covers the blocks before it', async () => {
    const scene = new Scene().ask(packet.rrq('image', 'windowsize', '4')).server(packet.oack('windowsize', '4'))
    scene.client(packet.ack(0))
    for (let seq = 1; seq <= 20; seq++) {
      scene.server(packet.data(seq, 512))
      if (seq % 4 === 0) scene.client(packet.ack(seq))
    }
    const path = file(scene.server(packet.data(21, 1)).client(packet.ack(21)).file())
    expect((await diagnose(path)).stdout).toMatch(/complete; 21 blocks acknowledged/)
    expect(json(await diagnose(path, '--json')).transfers[0]).toMatchObject({ blocks: { sent: 21, acknowledged: 21 } })
  })

  test('blocks that no acknowledgement proves are named, and are no success', async () => {
    const scene = blocks(new Scene().ask(packet.rrq('image')), 1, 20)
    for (const seq of [21, 22, 23]) scene.server(packet.data(seq, 512))
    scene.client(packet.ack(23))
    const path = file(blocks(scene, 24, 30).server(packet.data(31, 0)).client(packet.ack(31)).file())
    const ran = await diagnose(path)
    expect(ran.code).toBe(1)
    expect(flowing(ran.stdout)).toMatch(
      /MAY HAVE HOLES\. .* Do not write this image to flash .* Blocks that the device may not have: blocks 21-22 \(2 in all\): /,
    )
    expect(json(await diagnose(path, '--json')).transfers[0]).toMatchObject({
      outcome: 'possible-holes',
      holes: [{ first: 21, last: 22 }],
    })
  })

  test('attempts of one device stand together, and one of each kind is told', async () => {
    const scene = new Scene()
    for (const clientPort of [2000, 2001, 2002]) {
      const side = { clientPort, serverPort: 40_000 + clientPort }
      scene.ask(packet.rrq('image'), { clientPort, afterMs: 5000 })
      for (let seq = 1; seq <= 40; seq++)
        scene.server(packet.data(seq, seq === 40 ? 7 : 512), side).client(packet.ack(seq), side)
    }
    const ran = await diagnose(file(scene.file()))
    expect(ran.stdout).toMatch(
      /reads "image" from 192\.168\.0\.66: 3 attempts\n {2}1\. \d\d:\d\d:\d\d healthy: .*\n {2}2\. .*\n {2}3\. /,
    )
    expect(ran.stdout.match(/^Attempt \d$/gm)).toEqual(['Attempt 3'])
    expect(ran.code).toBe(0)
  })

  test('beside a transfer that failed a healthy one is a line, and comes after it', async () => {
    const other = { address: '192.168.0.9', mac: '02:00:00:00:00:09' }
    const scene = new Scene().ask(packet.rrq('image')).server(packet.data(1, 7)).client(packet.ack(1))
    scene.ask(packet.rrq('secret'), { client: other }).server(packet.error(2, 'no\x07'), { client: other })
    const { stdout, code } = await diagnose(file(scene.file()))
    expect(code).toBe(1)
    expect(stdout).toMatch(/: 2 transfers in 5 frames: 1 healthy, 1 FAILED\n\n192\.168\.0\.9 reads "secret"/)
    expect(stdout).toMatch(/ {2}ERROR +2 of the server, "no\\x07" \(packet 5\)\n/)
    expect(stdout).toMatch(/\n\n192\.168\.0\.1 reads "image" from 192\.168\.0\.66\n {2}1\. [\d:]{8} healthy: .*\n$/)
  })

  test('an upload is judged for the server that stores it', async () => {
    const scene = new Scene().ask(packet.wrq('up')).server(packet.ack(0))
    scene.client(packet.data(1, 512)).server(packet.ack(1)).client(packet.data(2, 3))
    expect(flowing((await diagnose(file(scene.file()))).stdout)).toMatch(
      /stores "up" on .* Blocks that the server may not have: /,
    )
  })

  test('a capture that breaks off is told, and judged as far as it goes', async () => {
    const bytes = readFileSync(stalled)
    const ran = await diagnose(file(bytes.subarray(0, bytes.length - 21)))
    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(
      /The capture breaks off at byte \d+ \(the file ends inside .*\); everything before it is used\./,
    )
    expect(ran.stdout).toContain('FAILED')
  })

  test('several captures: all of them, and the highest exit code', async () => {
    const ran = await diagnose(good, noCapture, stalled)
    expect(ran.code).toBe(3)
    expect(ran.stderr).toMatch(/^foresend: .*notes\.txt.*\n$/)
    expect(ran.stdout).toContain('good.pcapng: 1 transfer')
    expect(ran.stdout).toContain('stalled.pcapng: 1 transfer')
  })
})

describe('nothing of TFTP: one line that says what was there, and what to check', () => {
  const dns = new Scene().client(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), { serverPort: 53, clientPort: 5353 })
  test.each<[string, Uint8Array, RegExp]>([
    ['no frame', pcap([], { linkType: LINK.ethernet }), /no frame in it: check that the capture ran on the card/],
    [
      'an address that nobody has',
      new Scene().arp(1, CLIENT, SERVER).arp(1, CLIENT, SERVER).file(),
      /192\.168\.0\.1 asks who has 192\.168\.0\.66 \(2 times, first in packet 1\) and gets no answer/,
    ],
    ['only answers', new Scene().arp(1, CLIENT, SERVER).arp(2, SERVER, CLIENT).file(), /and no UDP: check the cable/],
    ['other programs', dns.file(), /1 UDP datagram of other programs: check that the capture began before/],
    ['an unknown link', dns.file({ linkType: 147 }), /1 frame of link type 147 cannot be read/],
  ])('%s', async (_, bytes, says) => {
    const ran = await diagnose(file(bytes))
    expect(ran).toMatchObject({ code: 1, stderr: '' })
    expect(ran.stdout).toMatch(says)
    expect(ran.stdout).toMatch(/^[^\n]+\n$/)
  })
})

describe('bad input: one line', () => {
  test.each<[string, string[], number, RegExp]>([
    ['no file', [], 2, /missing required argument 'capture'/],
    ['a file that is not there', [join(folder, 'nope.pcap')], 2, /cannot read .*nope\.pcap: ENOENT/],
    ['a folder', [folder], 2, /cannot read .*EISDIR/],
    ['no capture', [noCapture], 3, /notes\.txt/],
    ['an empty file', [file('', 'empty')], 3, /empty/],
    ['standard input twice', ['-', '-'], 2, /give - once/],
    ['a page over its capture', [good, '--html', join(folder, '.', 'good.pcapng')], 2, /over the capture/],
    [
      'a page that cannot be written',
      [good, '--html', folder],
      2,
      /cannot write the page .*: EISDIR: .*; it is a folder: name a file/,
    ],
  ])('%s', async (_, args, code, says) => {
    const before = readFileSync(good)
    const ran = await diagnose(...args)
    expect(ran.code).toBe(code)
    expect(ran.stderr).toMatch(/^foresend: [^\n]+\n$/)
    expect(ran.stderr).toMatch(says)
    expect(readFileSync(good)).toEqual(before)
  })
})

describe('--json', () => {
  test('has these names', async () => {
    const ran = await diagnose(stalled, '--json')
    expect(ran.stdout).toMatch(/^[^\n]+\n$/)
    const [transfer] = json(ran).transfers
    expect(transfer).toMatchObject({
      client: '192.168.0.1:2070',
      server: expect.stringMatching(/^192\.168\.0\.66:\d+$/),
      file: 'test.bin',
      outcome: 'silent',
      holes: [],
      holeCount: 0,
      direction: 'read',
      blksize: 512,
      windowsize: 1,
      capture: stalled,
      id: 1,
      previousAttempt: null,
    })
    expect(transfer.causes[0]).toEqual({
      id: 'ack-loss',
      confidence: expect.any(Number),
      title: expect.any(String),
      evidence: expect.arrayContaining([{ text: expect.any(String), packets: expect.any(Array) }]),
      advice: expect.any(String),
      tellApart: transfer.causes[0] && (transfer.causes[0] as unknown as { tellApart: unknown }).tellApart,
    })
    expect(Object.keys(transfer)).toEqual(
      'client server file outcome summary causes holes holeCount serverProgram direction startMs mac blksize windowsize blocks figures limits capture id previousAttempt'.split(
        ' ',
      ),
    )
  })

  test('a healthy one has no causes; what is no capture is an error beside it', async () => {
    const ran = await diagnose(good, noCapture, '--json')
    expect(ran.code).toBe(3)
    expect(ran.stderr).toMatch(/^[^\n]+\n$/)
    expect(json(ran)).toMatchObject({
      transfers: [{ outcome: 'complete', causes: [], holes: [] }],
      captures: [{ capture: good, transfers: 1, brokenOff: null }],
    })
  })
})

describe('names from the network', () => {
  const name = `</script><img src=x onerror=alert(1)>"'\x1b[31m\r\nFAKE\u2028`
  const path = file(blocks(new Scene().ask(packet.rrq(name)), 1, 3).file())

  test('in a terminal', async () => {
    const { stdout } = await diagnose(path)
    expect(stdout).toContain(String.raw`\x1b[31m\x0d\x0aFAKE`)
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[^\n\x20-\x7e\u00a0-\u{10ffff}]|\nFAKE/u)
  })

  test('in a page', async () => {
    const to = join(folder, 'hostile.html')
    await diagnose(path, '--html', to)
    const page = readFileSync(to, 'utf8')
    expect(page).toContain('&#60;/script&#62;&#60;img src=x onerror=alert(1)&#62;')
    expect(page).not.toContain('<img')
    // Its own two, and no other.
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    expect(page).not.toContain('\x1b')
  })

  test('in JSON, as they were', async () => {
    const ran = await diagnose(path, '--json')
    expect(ran.stdout).toMatch(/^[^\n\r\x1b\u2028]+\n$/)
    // The wire carries UTF-8 bytes of which the reader makes characters.
    expect(json(ran).transfers[0].file).toContain('</script><img src=x onerror=alert(1)>"\'\x1b[31m\r\nFAKE')
  })
})

test('the direction of a loss is that of blocks or of their acknowledgements', () => {
  expect(directionText('ack-loss', 'read')).toBe('direction: from the device to the server')
  expect(directionText('ack-loss', 'write')).toBe('direction: from the server to the device')
  expect(directionText('data-loss', 'read')).toBe('direction: from the server to the device')
  expect(directionText('data-loss', 'write')).toBe('direction: from the device to the server')
  expect(directionText('slow-flash', 'read')).toBe('')
})

test('blocks in doubt are never healthy, whatever else is said', () => {
  const judged = (outcome: string, count: number): Judged =>
    ({ diagnosis: { outcome, causes: [], holes: { count } } }) as unknown as Judged
  expect(isHealthy(judged('complete', 0))).toBe(true)
  expect(isHealthy(judged('complete', 1))).toBe(false)
  expect(isHealthy(judged('possible-holes', 0))).toBe(false)
  expect(isHealthy(judged('last-ack-missing', 0))).toBe(false)
})

test('data of a page cannot end its script', () => {
  expect(scriptJson({ name: '</script><!--' })).not.toContain('<')
})

test('a time that no clock shows is a dash', () => {
  expect(beginText({ startMs: 1e17 } as TransferFacts)).toBe('--:--:--')
})

test('the page needs nothing else, and has every part', async () => {
  const to = join(folder, 'page.html')
  const ran = await diagnose(stalled, good, '--html', to)
  expect(ran).toMatchObject({ code: 1, stderr: '' })
  expect(ran.stdout).toContain('FAILED')
  const page = readFileSync(to, 'utf8')
  expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src=|href=|url\(|@import|fetch\(/)
  for (const part of ['class="verdict"', 'class="ladder"', 'class="histogram"', 'class="plot"', 'class="packets"'])
    expect(page.split(part)).toHaveLength(3)
  expect(page).toContain('DATA 1')
  expect(page).toMatch(/data-packet="\d+"/)
  const [, data] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page) ?? []
  const { row, transfers } = JSON.parse(data) as { row: string[]; transfers: { rows: number[]; seen: number }[] }
  expect(transfers.map(({ rows, seen }) => rows.length / row.length - seen)).toEqual([0, 0])
})

describe('--replay', () => {
  test('says what Foresend would have done, and how far that can be trusted', async () => {
    const ran = await diagnose(stalled, '--replay', '--boots', '2')
    expect(ran).toMatchObject({ code: 1, stderr: '' })
    const text = flowing(ran.stdout)
    expect(text).toMatch(
      /Replay: Foresend would have delivered this file in .* in 2 of 2 boots\. The model can be trusted: /,
    )
    expect(text).toMatch(
      /The model: client uboot-1\.1\.3, round trip \d+ us, ack-loss:p=0\.\d+; \d+ kB played\. Note: /,
    )
    expect(ran.stdout).toMatch(/^ {2}as captured +no +stopped at block \d+/m)
    expect(ran.stdout).toMatch(/^ {2}a model of tftp-hpa-5\.2 +0 of 2 +stops at block \d+/m)
    expect(ran.stdout).toMatch(/^ {2}foresend \(default\) +2 of 2 +[\d.]+ m?s/m)
  })

  test('in the JSON and in the page', async () => {
    const path = join(folder, 'replay.html')
    const ran = await diagnose(good, '--replay', '--boots', '1', '--json', '--html', path)
    expect(ran.code).toBe(0)
    expect(json(ran).transfers[0].replay).toMatchObject({
      trust: 'good',
      client: { model: 'uboot-1.1.3', sendsSameRequest: true, faults: [] },
      captured: { isDone: true },
      server: { model: 'tftp-hpa-5.2', from: 'assumed', intact: 1 },
      policies: { strict: { runs: 1, intact: 1 }, 'fixed-2': { intact: 1 }, auto: { intact: 1 }, negotiated: null },
    })
    expect(readFileSync(path, 'utf8')).toMatch(
      /What Foresend would have done.*<th scope="row">foresend \(default\)<\/th>/s,
    )
  })

  test('is left out where it was not asked for, and --boots alone is a mistake', async () => {
    expect(json(await diagnose(good, '--json')).transfers[0]).not.toHaveProperty('replay')
    expect(await diagnose(good, '--boots', '3')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/add --replay/),
    })
  })
})
