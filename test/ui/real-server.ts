/** The page of `serve --http`, as a user starts it, while devices of the lab boot from it. Part of page.test.ts, with its browser. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { DEVICES } from '../../src/lab/device/catalogue.ts'
import { bootDevice, withFaults } from '../../src/lab/device/device.ts'
import { readFaults } from '../../src/lab/device/schema.ts'
import { bootLive, type LiveResult } from '../../src/lab-live/device.ts'
import { httpServeArgs, type Running, start } from '../e2e/cli-run.ts'
import { pattern } from '../e2e/pattern.ts'
import { RawClient } from '../e2e/raw-client.ts'
import { tempFolder } from '../support/temp-folder.ts'
import type { Watched } from './browser.ts'

/** Two programs and a browser on a machine that may be busy. */
const PATIENT = { timeout: 180_000 }
const IMAGE = pattern(400_000)

interface Serving extends Running {
  /** With the token. */
  readonly link: string
  readonly port: number
}

async function serve(folder: string, state: string, http = '127.0.0.1:0', port = '0'): Promise<Serving> {
  const running = start(httpServeArgs(folder, state, http, port))
  const [, udp] = await running.seen(/listening on 127\.0\.0\.1:(\d+)/)
  const [, link] = await running.seen(/Watch it at:\s+(\S+)/)
  return { ...running, link, port: Number(udp) }
}

async function stop(server: Running): Promise<void> {
  server.child.kill('SIGINT')
  server.child.kill('SIGINT')
  await server.ended
}

/** A boot of the lab's router with `fault`. */
function boot(port: number, file: string, fault: string, signal?: AbortSignal): Promise<LiveResult> {
  const device = withFaults(DEVICES['archer-c2-faulty'], readFaults(fault))
  const booted = bootDevice(device, { seed: 3, sizeBytes: 1 << 24, filename: file })
  return bootLive({ booted, host: '127.0.0.1', port, ...(signal === undefined ? {} : { signal }) })
}

/** A client without faults. */
async function fetched(port: number, file: string): Promise<unknown> {
  const client = await RawClient.open(port)
  try {
    return await client.get(file, { blksize: 1400 })
  } finally {
    client.close()
  }
}

const sees = (page: Page, what: string | RegExp): Promise<void> =>
  page.getByText(what).first().waitFor({ timeout: 30_000 })

/** Every state that a transfer is shown in from now on, in order. */
async function watchStates(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: string[] = []
    Object.assign(globalThis, { seen })
    const look = (): void => {
      const state = document.querySelector('.card .pill')?.textContent ?? ''
      if (state !== '' && seen.at(-1) !== state) seen.push(state)
    }
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
  return () => page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen)
}

/** `shown` goes to an address in the browser of the file. */
export function realServerTests(shown: (url: string) => Promise<Watched>): void {
  test(
    'a real server: the boot of a faulty router tells its story, an abort ends one, a stored file is served, a lost server is caught up with',
    PATIENT,
    async () => {
      const [folder, state] = [tempFolder(), join(tempFolder(), 'state')]
      mkdirSync(state)
      writeFileSync(join(folder, 'recovery.bin'), IMAGE)
      let server = await serve(folder, state)
      onTestFinished(() => stop(server))
      const { page, complaints } = await shown(server.link)
      await sees(page, 'Nothing heard yet')
      await sees(page, 'listens on loopback alone')
      await sees(page, 'recovery.bin')
      const statesSeen = await watchStates(page)

      // It loses acknowledgements, and stands still for two seconds while it writes its flash.
      const faults = 'ack-loss:p=0.03+slow-flash:everyBlocks=400,pauseMs=2000'
      expect((await boot(server.port, 'recovery.bin', faults)).client.status).toBe('ok')
      await page.locator('.card .pill', { hasText: 'completed' }).waitFor()
      const states = await statesSeen()
      expect(states).toContain('stalled')
      expect(states.indexOf('stalled')).toBeLessThan(states.lastIndexOf('running'))
      expect(states.at(-1)).toBe('completed')
      const card = page.getByRole('article').first()
      expect(await card.innerText()).toMatch(/400 kB in .* sent again · stood still/)
      await sees(page, `crc32 LOADADDR ${IMAGE.length.toString(16)}`)
      await card.getByText('What its packets show').click()
      await page.getByRole('img', { name: /Block over time.*pause/ }).waitFor()

      await page.getByRole('link', { name: 'History', exact: true }).click()
      await page.getByRole('link', { name: 'recovery.bin' }).click()
      await sees(page, 'Options asked')

      await page.getByRole('link', { name: 'Now', exact: true }).click()
      const off = new AbortController()
      const deaf = boot(server.port, 'recovery.bin', 'dead-rx', off.signal).catch(() => undefined)
      await page.locator('.card.requested').getByRole('link').click()
      await page.getByRole('button', { name: 'Abort' }).click()
      await page.getByRole('button', { name: 'Abort it' }).click()
      await page.locator('.page .pill', { hasText: 'failed' }).waitFor()
      off.abort()
      await deaf

      await page.getByRole('link', { name: 'Files', exact: true }).click()
      await page
        .getByLabel('Files to serve')
        .setInputFiles({ name: 'new.img', mimeType: 'application/octet-stream', buffer: Buffer.from(IMAGE) })
      await sees(page, 'Served now.')
      expect(await fetched(server.port, 'new.img')).toEqual(IMAGE)
      await page.locator('summary', { hasText: 'new.img' }).click()
      await sees(page, 'must show')

      await stop(server)
      await sees(page, 'Lost the server at')
      server = await serve(folder, state, new URL(server.link).host, String(server.port))
      await page.getByRole('link', { name: 'Now', exact: true }).click()
      await page.locator('.link.live').waitFor()
      await fetched(server.port, 'recovery.bin')
      await page
        .getByText(/just now|s ago/)
        .nth(2)
        .waitFor()
      expect(await page.getByText('Lost the server').count()).toBe(0)
      expect(complaints).toEqual([])
    },
  )
}
