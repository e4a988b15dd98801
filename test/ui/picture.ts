/** Takes docs/pictures/page.png: `npm run ui:picture`. A router of the lab has booted with faults, and a second one is at it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildInPlace } from '../../ui/build.ts'
import { pattern } from '../e2e/pattern.ts'
import { launch, open } from './browser.ts'

const ROOT = join(import.meta.dirname, '../..')
const SIZE = { width: 1000, height: 1010 }

function foresend(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'bin/foresend.js'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

function boot(port: string, address: string, file: string, fault: string): ChildProcess {
  const place = ['--host', '127.0.0.1', '--port', port, '--local-address', address]
  return foresend('lab', 'device', 'archer-c2-faulty', ...place, '--file', file, '--fault', fault, '--seed', '4')
}

const work = mkdtempSync(join(tmpdir(), 'foresend-picture-'))
mkdirSync(join(work, 'files'))
writeFileSync(join(work, 'files', 'ArcherC2V1_tp_recovery.bin'), pattern(1_500_000))
writeFileSync(join(work, 'files', 'openwrt-initramfs.bin'), pattern(8_126_464))
await buildInPlace()
const serve = foresend(
  'serve',
  join(work, 'files'),
  '--host',
  '127.0.0.1',
  '--port',
  '0',
  '--http',
  '127.0.0.1:0',
  '--state',
  work,
)
let said = ''
serve.stdout?.on('data', (piece) => void (said += String(piece)))
while (!said.includes('Watch it at:')) await new Promise((resolve) => setTimeout(resolve, 50))
const [, link] = /Watch it at:\s+(\S+)/.exec(said) ?? []
const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(said) ?? []

const browser = await launch()
const { page } = await open(browser, link, { viewport: SIZE, deviceScaleFactor: 1.25 })
page.setDefaultTimeout(60_000)
const first = boot(port, '127.0.0.7', 'ArcherC2V1_tp_recovery.bin', 'ack-loss:p=0.037')
await page.locator('.card .pill', { hasText: 'completed' }).waitFor()
const second = boot(
  port,
  '127.0.0.9',
  'openwrt-initramfs.bin',
  'slow-flash:everyBlocks=700,pauseMs=1500+ack-loss:p=0.01',
)
await page.locator('.card.running .percent', { hasText: /[3-6]\d %/ }).waitFor()
await page.getByText('What its packets show').click()
await page.getByRole('img').waitFor()
await page.mouse.move(0, 0)
mkdirSync(join(ROOT, 'docs/pictures'), { recursive: true })
await page.screenshot({ path: join(ROOT, 'docs/pictures/page.png') })
await browser.close()
for (const child of [first, second, serve]) child.kill()
rmSync(work, { recursive: true, force: true })
