import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packet } from '../../test/golden/capture-maker.ts'
import { Scene } from '../../test/golden/capture-scene.ts'
import type { CapturedTransfer } from '../capture/contract.ts'
import { readCapture } from './open-capture.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'foresend-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const BLOCKS = 2000
const scene = new Scene().ask(packet.rrq('image'))
for (let n = 1; n <= BLOCKS; n++) scene.server(packet.data(n, n === BLOCKS ? 0 : 512, n)).client(packet.ack(n))
const plain = scene.file()
const packed = gzipSync(plain)

async function read(bytes: Uint8Array, name = 'capture') {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  const transfers: CapturedTransfer[] = []
  const summary = await readCapture(path, (transfer) => transfers.push(transfer))
  return { transfers, summary }
}

describe('a capture is read, whatever its name', () => {
  test.each([
    ['plain', 'capture.pcap.gz', plain],
    ['gzip', 'capture.pcap', packed],
    [
      'gzip in two members',
      'capture',
      Buffer.concat([gzipSync(plain.subarray(0, 5001)), gzipSync(plain.subarray(5001))]),
    ],
  ])('%s', async (_, name, bytes) => {
    const { transfers, summary } = await read(bytes, name)
    expect(transfers).toMatchObject([{ outcome: { type: 'complete' }, blocks: { sent: BLOCKS } }])
    expect(summary).toMatchObject({ broken: undefined, bytes: plain.length, frames: 1 + 2 * BLOCKS })
  })
})

describe('one that breaks off is read as far as it goes', () => {
  test('plain', async () => {
    const { transfers, summary } = await read(plain.subarray(0, plain.length - 10))
    expect(summary.broken).toEqual({
      atByte: expect.any(Number),
      reason: `the file ends inside frame ${1 + 2 * BLOCKS}`,
    })
    expect(transfers[0].outcome.type).toBe('last-ack-missing')
  })

  test('gzip', async () => {
    const { transfers, summary } = await read(packed.subarray(0, packed.length - 30))
    expect(summary.broken?.reason).toBe('the gzip stream breaks off: unexpected end of file')
    // All but what the last bytes of the stream stood for.
    expect(transfers[0].blocks.sent).toBeGreaterThan(BLOCKS * 0.9)
  })

  test('gzip with a wrong byte', async () => {
    const wrong = Uint8Array.from(packed)
    wrong.fill(0xff, packed.length >> 1, (packed.length >> 1) + 8)
    const { summary } = await read(wrong)
    expect(summary.broken?.reason).toMatch(/^the gzip stream breaks off: /)
    expect(summary.frames).toBeGreaterThan(100)
  })
})

describe('what cannot be read says so with its name', () => {
  test('what only begins as gzip does', async () => {
    await expect(read(Uint8Array.from([0x1f, 0x8b, 0x67, 0x61, 0x72]))).rejects.toMatchObject({
      code: 'ERR_TFTP_CAPTURE',
      message: expect.stringMatching(/begins as gzip does, and cannot be unpacked \(.*\); copy it again/),
    })
  })

  test.each([
    ['an empty file', new Uint8Array(0), /capture is empty; capture again/],
    ['a packed empty file', gzipSync(''), /capture is empty/],
    ['a text', Buffer.from('hello'), /capture is not a capture: it begins with 68 65 6c 6c/],
    ['a packed text', gzipSync('hello'), /is not a capture/],
    ['one byte', Buffer.from('\x1f'), /is not a capture: it begins with 1f/],
  ])('%s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'ERR_TFTP_CAPTURE',
      message: expect.stringMatching(message),
    })
  })

  test('no file, and a folder', async () => {
    for (const path of [join(folder, 'none'), folder]) {
      const message = expect.stringMatching(/^cannot read .*(ENOENT|EISDIR).*; give a file that can be read$/)
      await expect(readCapture(path, () => {})).rejects.toMatchObject({ code: 'ERR_TFTP_CAPTURE', message })
    }
  })
})

test('standard input', () => {
  const module = fileURLToPath(new URL('open-capture.ts', import.meta.url))
  const script = `import { readCapture } from ${JSON.stringify(module)}
    const summary = await readCapture('-', (t) => console.log(t.outcome.type))
    console.log(summary.frames)`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
    input: packed,
    encoding: 'utf8',
  })
  expect(stdout).toBe(`complete\n${1 + 2 * BLOCKS}\n`)
})
