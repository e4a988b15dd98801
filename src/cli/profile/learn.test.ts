/** The command within this process: a capture in, a profile out that is loaded and matches. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { captureOfLab } from '../../../test/golden/capture-of-lab.ts'
import { packet } from '../../../test/golden/capture-maker.ts'
import { Scene } from '../../../test/golden/capture-scene.ts'
import { collector } from '../../../test/support/collector.ts'
import { patternedImage } from '../../lab/experiment.ts'
import { run } from '../main.ts'
import { loadTools } from '../tools.ts'

const folder = mkdtempSync(join(tmpdir(), 'foresend-learn-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function profile(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [collector(), collector()]
  const context = {
    stdout: stdout.output,
    stderr: stderr.output,
    tools: loadTools(),
    watch: () => () => {},
    now: () => 0,
  }
  const code = await run(['profile', ...args], context)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

const lab = join(folder, 'flash.pcapng')
writeFileSync(lab, captureOfLab('archer-c2-faulty', 'tftp-hpa-5.2', patternedImage(200_000, 1), 5).file)
const two = join(folder, 'two.pcap')
const client = { address: '192.168.0.9', mac: '02:00:00:00:00:09' }
writeFileSync(
  two,
  new Scene()
    .ask(packet.rrq('a.bin'))
    .ask(packet.rrq('kernel.img', 'x', '1'), { client })
    .file(),
)

test('learnt, imported, listed, and matched', async () => {
  const path = join(folder, 'bench-router.toml')
  const learnt = await profile('learn', lab, '--name', 'bench-router', '-o', path)
  expect(learnt).toMatchObject({ code: 0, stdout: '' })
  expect(learnt.stderr).toMatch(/^foresend: not learnt: /)
  const text = readFileSync(path, 'utf8')
  expect(text).toContain('name = "bench-router"')
  expect(text).toMatch(/options = \[ ?"timeout=1" ?\]/)
  expect(text).toContain('timer_ms = 1000')
  expect(text).toContain('host = "192.168.0.66"')
  expect(text).toContain('test.bin')
  const state = ['--state', folder]
  expect(await profile('import', path, ...state)).toMatchObject({ code: 0, stderr: '' })
  expect((await profile('list', ...state)).stdout).toContain('bench-router')
  const explained = await profile('explain', 'RRQ "test.bin" octet timeout=1', ...state)
  expect(explained.stdout).toMatch(/bench-router +\d+ %/)
})

test('of several devices one is chosen', async () => {
  const both = await profile('learn', two)
  expect(both.code).toBe(2)
  expect(both.stderr).toBe(
    'foresend: several devices in this capture: name one with --device: 02:00:00:00:00:01, 02:00:00:00:00:09\n',
  )
  for (const device of [client.address, client.mac.toUpperCase()]) {
    const { code, stdout } = await profile('learn', two, '--device', device)
    expect(code).toBe(0)
    expect(stdout).toContain('name = "learnt-00-00-09"')
    expect(stdout).toContain('kernel.img')
  }
})

describe('mistakes: one line', () => {
  const empty = join(folder, 'empty.pcap')
  writeFileSync(empty, new Scene().client(packet.ack(1)).file())
  test.each<[string, string[], number, RegExp]>([
    ['no such device', [two, '--device', '10.0.0.1'], 2, /no device "10\.0\.0\.1" in this capture/],
    ['no name', [lab, '--name', 'My Router'], 2, /no name of a profile/],
    ['a file that cannot be written', [lab, '-o', join(folder, 'no', 'x.toml')], 2, /cannot write/],
    ['no capture', [join(folder, 'nope')], 2, /cannot read/],
    ['no request', [empty], 1, /no device asks for a file/],
  ])('%s', async (_, args, code, says) => {
    const ran = await profile('learn', ...args)
    expect(ran.code).toBe(code)
    expect(ran.stderr).toMatch(says)
    expect(ran.stderr).toMatch(/^foresend: [^\n]+\n$/)
  })
})
