/** The page in Chromium, against a server that a test plays: what a reader sees of it, whatever happens there. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { builtPage } from './built-page.ts'
import { CHROMIUM, launch, open, PHONE, type Watched, WIDE } from './browser.ts'
import { axeInPlaces, everyView } from './axe-matrix.ts'
import { hostilePeerTests } from './hostile-peers.ts'
import { realServerTests } from './real-server.ts'
import type { TransferView } from '../../ui/src/wire.ts'
import { FakeServer, type FakeOptions } from './fake-server.ts'
import { ARCHER_FILE, ArcherBoot, crowd, failure, HOSTILE_NAMES, MOMENTS, olderHistory, someFiles } from './story.ts'

/** The page with all that it may load later, compressed. */
const MOST_BYTES = 60_000

let page = ''
let browser: Browser
/** One tab for all tests: each server has a port, and so an origin, of its own. */
let tab: Watched

beforeAll(async () => {
  page = await builtPage()
  if (CHROMIUM === undefined) return
  browser = await launch()
  tab = await open(browser, 'about:blank')
})
afterAll(() => browser?.close())

test('all files of the page together are small, and everything is there precompressed', () => {
  const files = readdirSync(page, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name))
  const plain = paths.filter((path) => !path.endsWith('.br'))
  expect(plain.length).toBeGreaterThan(2)
  for (const path of plain) expect(paths).toContain(`${path}.br`)
  const bytes = paths.filter((path) => path.endsWith('.br')).reduce((sum, path) => sum + statSync(path).size, 0)
  console.log(`the page: ${bytes} bytes in brotli, of ${MOST_BYTES}`)
  expect(bytes).toBeLessThan(MOST_BYTES)
})

test('it carries nothing that its policy forbids, and names no other host', () => {
  const html = readFileSync(join(page, 'index.html'), 'utf8')
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=|[^>]*\btype="application\/json")|<style|\sstyle=|\son\w+=/)
  for (const name of readdirSync(join(page, 'assets'))) {
    if (!/\.(js|css)$/.test(name)) continue
    const hosts = readFileSync(join(page, 'assets', name), 'utf8').match(/https?:\/\/[\w.-]+/g) ?? []
    // Names of namespaces, and no addresses.
    expect(hosts.filter((host) => !host.endsWith('//www.w3.org'))).toEqual([])
  }
})

test('the document names every script that the first view needs, so that no script waits for another', () => {
  const html = readFileSync(join(page, 'index.html'), 'utf8')
  const named = [...html.matchAll(/<script [^>]*src="\/assets\/([^"]+)"/g)].map(([, name]) => name)
  expect(named).toHaveLength(2)
  const [first, main] = named.map((name) => readFileSync(join(page, 'assets', name), 'utf8'))
  const importsOf = (source: string): string[] =>
    [...source.matchAll(/(?:\bfrom|^import|;import)\s*"\.\/([^"]+)"/g)].map(([, name]) => name)
  expect(importsOf(first)).toEqual([])
  expect(importsOf(main)).toEqual([named[0]])
  expect(Buffer.byteLength(first)).toBeLessThan(4000)
})

async function served(options: Partial<FakeOptions> = {}): Promise<FakeServer> {
  const server = await FakeServer.start({ page, ...options })
  onTestFinished(() => server.stop())
  return server
}

async function shown(url: string, viewport = WIDE): Promise<Watched> {
  await tab.page.setViewportSize(viewport)
  await tab.page.goto('about:blank')
  tab.complaints.length = 0
  await tab.page.goto(url)
  return tab
}

const text = (page: Page): Promise<string> => page.locator('body').innerText()
/** Resolves when the page shows it; rejects after a while. */
const sees = (page: Page, what: string | RegExp): Promise<void> => page.getByText(what).first().waitFor()

/** For a machine that is busy. */
const PATIENT = { timeout: 10_000, interval: 20 }

describe.skipIf(CHROMIUM === undefined)('in Chromium:', () => {
  test('the story of a boot: nothing heard, asked, running, stalled, cured, completed', async () => {
    const server = await served()
    someFiles(server)
    const { page, complaints } = await shown(server.url)
    await sees(page, 'Nothing heard yet')
    await sees(page, '192.168.0.66')
    await sees(page, 'openwrt-initramfs.bin')
    const empty = await text(page)
    expect(empty).toContain('UDP port 69')
    expect(empty).toContain('lets UDP port 69 in')
    expect(empty).toContain('The cable has to be in the port')
    const boot = new ArcherBoot(server)
    boot.play('requested')
    await sees(page, 'has not answered the first packet yet')
    boot.play('running')
    await sees(page, '2.48 MB/s')
    await sees(page, '3 s left')
    expect(await page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('16')
    boot.play('stalled')
    await sees(page, 'Nothing moves')
    await sees(page, 'no progress')
    boot.play('cured')
    await sees(page, 'sending two blocks at a time now')
    await sees(page, '493 sent again')
    boot.play('completed')
    await sees(page, 'Nothing runs')
    const card = await page.getByRole('article').innerText()
    for (const part of [
      'completed',
      '740 sent again',
      'stood still 3 times',
      'Acknowledgements of the device are lost',
      '377a7dc6',
      'crc32 LOADADDR 7c0000',
    ])
      expect(card).toContain(part)
    expect(await page.getByRole('status').first().innerText()).not.toBe('')
    expect(complaints).toEqual([])
  })

  test('a failure says why and what to do, and its plot zooms by button, key and mouse', async () => {
    const server = await served()
    failure(server)
    const { page, complaints } = await shown(server.url)
    const card = page.getByRole('article').first()
    await sees(page, 'did not answer for 30 s')
    await sees(page, 'Switch the device off and on')
    expect(await card.innerText()).toContain('What to do: Switch the device off and on')
    expect(await card.locator('.advice code').allInnerTexts()).toEqual(['--gap 1'])
    await card.getByRole('link').first().click()
    await sees(page, '81 % sure')
    expect(await page.locator('.causes .advice code').allInnerTexts()).toEqual(['--gap 1'])
    expect(await text(page)).not.toContain('`')
    const plot = page.getByRole('img', { name: /Block over time/ })
    await plot.waitFor()
    const whole = page.getByRole('button', { name: 'Everything' })
    expect(await whole.isDisabled()).toBe(true)
    const before = await plot.screenshot()
    await page.getByRole('button', { name: 'The pause' }).click()
    expect(await whole.isDisabled()).toBe(false)
    expect((await plot.screenshot()).equals(before)).toBe(false)
    await plot.press('0')
    expect(await whole.isDisabled()).toBe(true)
    const box = await plot.boundingBox()
    if (box === null) throw new Error('no plot')
    await page.mouse.move(box.x + 200, box.y + 100)
    await page.mouse.down()
    await page.mouse.move(box.x + 400, box.y + 120, { steps: 4 })
    await page.mouse.up()
    expect(await whole.isDisabled()).toBe(false)
    expect(complaints).toEqual([])
  })

  test('a reader aborts a transfer, with the token of the link and a second yes', async () => {
    const server = await served({ tokenNeeded: true })
    const boot = new ArcherBoot(server)
    boot.play('running')
    const { page } = await shown(server.url)
    await sees(page, 'This needs the token')
    // What may not be read without it is not in the document either.
    expect(await page.content()).not.toContain(ARCHER_FILE)
    await page.goto(`${server.url}#t=${server.token}`)
    await sees(page, '2.48 MB/s')
    expect(page.url()).toBe(`${server.url}#/`)
    // The tab keeps the token, no other one gets it.
    await page.reload()
    await page.getByRole('article').getByRole('link').click()
    await page.getByRole('button', { name: 'Abort' }).click()
    expect(server.transfers.size).toBe(1)
    await page.getByRole('button', { name: 'Abort it' }).click()
    await sees(page, 'aborted from the page')
    expect(server.transfers.size).toBe(0)
  })

  test('a lost server is said, and what was missed is caught up', async () => {
    const server = await served()
    const boot = new ArcherBoot(server)
    boot.play('running')
    const { page } = await shown(server.url)
    await sees(page, '2.48 MB/s')
    const { port } = server
    await server.stop()
    await sees(page, 'Lost the server at')
    // The title follows what is drawn.
    await expect.poll(() => page.title()).toContain('Server lost')
    const again = await served({ port })
    new ArcherBoot(again).play('cured')
    await sees(page, 'sending two blocks at a time now')
    expect(await text(page)).not.toContain('Lost the server')
    expect(again.asked.find((line) => line.includes('/events'))).toMatch(/last-event-id \d+$/)
  })

  test('a connection that breaks resumes behind the last frame', async () => {
    const server = await served()
    const boot = new ArcherBoot(server)
    boot.play('requested')
    boot.play('running')
    const { page } = await shown(server.url)
    await sees(page, '2.48 MB/s')
    server.cut()
    boot.play('stalled')
    await sees(page, 'Nothing moves')
    // The first one goes on behind the frame that the document came with.
    const streams = server.asked.filter((line) => line.includes('/events'))
    expect(streams).toEqual([1, 2].map(() => expect.stringMatching(/^GET \/api\/v1\/events last-event-id \d+$/)))
  })

  test('names that peers choose are text in every view: nothing runs, nothing is redrawn or reversed', async () => {
    const server = await served({ writable: true })
    someFiles(server)
    const now = Date.now()
    HOSTILE_NAMES.forEach((name, index) => {
      const view = {
        ...crowd(1)[0],
        id: 10 + index,
        client: `10.9.9.${index}:1`,
        file: name,
        served: `${name}!`,
        since: now,
      }
      if (index % 3 === 0) server.set({ ...view, inWords: name })
      else {
        const more = { reason: name, explanation: name, advice: name, cause: name }
        server.end(view, index % 3 === 1 ? 'failed' : 'completed', more)
      }
    })
    server.devices = HOSTILE_NAMES.map((name, index) => ({
      name: `${name} ${index}`,
      addresses: [name],
      requests: [],
      learnt: [name],
      transfers: 1,
      failed: 1,
      refused: 1,
    }))
    server.files = HOSTILE_NAMES.map((name, index) => ({ ...server.files[0], name: `${name} ${index}` }))
    server.frame()
    const { page, complaints } = await shown(server.url, PHONE)
    const inDocument = await page.evaluate(() => document.querySelector('#snapshot')?.textContent ?? '')
    expect((JSON.parse(inDocument) as { transfers: TransferView[] }).transfers).toEqual([...server.transfers.values()])
    const row = server.history[0].id
    for (const place of [
      'transfers',
      'transfers/10',
      `transfers/h${row}`,
      'devices',
      'files',
      'history',
      `devices/${encodeURIComponent(server.devices[1].name)}`,
    ]) {
      await page.goto(`${server.url}#/${place}`)
      await page.locator('h1').first().waitFor()
      await page.locator('.name').first().waitFor()
      const seen = await page.evaluate(() => ({
        pwned: 'pwned' in globalThis,
        foreign: document.querySelectorAll('#app script, #app img, #app iframe, #app svg, #app b').length,
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        unseen: /[\u202A-\u202E\u2066-\u2069\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B\u2028\u2029]/.test(
          [
            document.body.innerText,
            ...Array.from(
              document.querySelectorAll('*'),
              (one) => `${one.getAttribute('title') ?? ''}${one.getAttribute('aria-label') ?? ''}`,
            ),
          ].join('\n'),
        ),
      }))
      expect({ place, ...seen }).toEqual({ place, pwned: false, foreign: 0, wide: 0, unseen: false })
    }
    expect(complaints).toEqual([])
  })

  test('files: search, digests, and a file is replaced only after a yes', async () => {
    const server = await served({ writable: true })
    someFiles(server)
    const { page, complaints } = await shown(`${server.url}#t=${server.token}`)
    await page.getByRole('link', { name: 'Files', exact: true }).click()
    await sees(page, 'hello.txt')
    await page.getByRole('searchbox').fill('recovery')
    await page.waitForURL(/#\/files\?search=recovery$/)
    await page.getByText('hello.txt').waitFor({ state: 'detached' })
    await page.locator('summary').first().click()
    await sees(page, 'crc32 LOADADDR 7c0000')
    await page.getByRole('searchbox').fill('')
    const choose = page.getByLabel('Files to serve')
    await choose.setInputFiles({ name: 'new.img', mimeType: 'application/octet-stream', buffer: Buffer.alloc(100_000) })
    await sees(page, 'Served now.')
    await choose.setInputFiles({ name: 'hello.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') })
    await sees(page, 'Replace it?')
    expect(server.files.find(({ name }) => name === 'hello.txt')?.sizeBytes).toBe(62)
    await page.getByRole('button', { name: 'Replace' }).click()
    await expect.poll(() => server.files.find(({ name }) => name === 'hello.txt')?.sizeBytes, PATIENT).toBe(5)
    // The same by dropping it anywhere.
    await page.goto(`${server.url}#/devices`)
    const data = await page.evaluateHandle(() => {
      const transfer = new DataTransfer()
      transfer.items.add(new File(['dropped'], 'dropped.bin'))
      return transfer
    })
    await page.dispatchEvent('body', 'dragover', { dataTransfer: data })
    await sees(page, 'Drop to serve it')
    await page.dispatchEvent('body', 'drop', { dataTransfer: data })
    await expect.poll(() => server.files.some(({ name }) => name === 'dropped.bin'), PATIENT).toBe(true)
    expect(complaints).toEqual([])
  })

  test.each([
    ['Files', 'input[type=search]', /#\/files\?search=recovery$/],
    ['History', 'input[placeholder^=part]', /#\/history\?file=recovery$/],
  ])(
    'what is typed the moment that a form is there, and while the address follows, stays: %s',
    async (link, box, to) => {
      const server = await served()
      someFiles(server)
      const { page } = await shown(server.url)
      await sees(page, 'Nothing heard yet')
      await page.evaluate((selector) => {
        const type = (text: string): void => {
          const input = document.querySelector<HTMLInputElement>(selector)
          if (input === null) return
          observer.disconnect()
          input.value = text
          input.dispatchEvent(new Event('input', { bubbles: true }))
        }
        // Before the browser draws it, and before any effect of it has run.
        const observer = new MutationObserver(() => type('recov'))
        observer.observe(document, { subtree: true, childList: true })
        // In the same turn as the address changes, which is before the view follows it.
        const replace = history.replaceState.bind(history)
        history.replaceState = (...change: Parameters<History['replaceState']>) => {
          replace(...change)
          if (String(change[2]).endsWith('=recov')) type('recovery')
        }
      }, box)
      await page.getByRole('link', { name: link, exact: true }).click()
      await page.waitForURL(to)
      expect(await page.locator(box).inputValue()).toBe('recovery')
    },
  )

  test('history: filters stand in the address, older pages follow by cursor', async () => {
    const server = await served()
    server.history = olderHistory(130)
    const { page } = await shown(`${server.url}#/history`)
    const rows = page.locator('tbody tr')
    await expect.poll(() => rows.count(), PATIENT).toBe(50)
    await page.getByRole('button', { name: 'Older ones' }).click()
    await expect.poll(() => rows.count(), PATIENT).toBe(100)
    await page.getByRole('button', { name: 'Older ones' }).click()
    await expect.poll(() => rows.count(), PATIENT).toBe(130)
    await page.getByLabel('Ended').selectOption('failed')
    await page.waitForURL(/#\/history\?outcome=failed$/)
    const failed = server.history.filter(({ outcome }) => outcome === 'failed').length
    await expect.poll(() => rows.count(), PATIENT).toBe(failed)
    await page.reload()
    await expect.poll(() => rows.count(), PATIENT).toBe(failed)
  })

  test('a device is forgotten after a yes', async () => {
    const server = await served()
    const boot = new ArcherBoot(server)
    for (const moment of MOMENTS) boot.play(moment)
    const { page } = await shown(`${server.url}#t=${server.token}`)
    await page.getByRole('link', { name: 'Devices' }).click()
    await sees(page, 'It gets 2 blocks at a time')
    await page.getByRole('link', { name: '02:00:00:00:00:01' }).click()
    await page.getByRole('button', { name: 'Forget it' }).click()
    await page.getByRole('button', { name: 'Forget', exact: true }).click()
    await sees(page, 'Forgotten.')
    expect(server.devices[0].learnt).toEqual([])
  })

  test('the keyboard alone reaches everything', async () => {
    const server = await served()
    failure(server)
    const { page } = await shown(server.url)
    await sees(page, 'did not answer for 30 s')
    const focused = (): Promise<string> => page.evaluate(() => (document.activeElement as HTMLElement).innerText.trim())
    const order: string[] = []
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press('Tab')
      order.push(await focused())
    }
    expect(order.slice(0, 8)).toEqual([
      'Skip to the content',
      'Foresend',
      'Now',
      'Devices',
      'Files',
      'History',
      'openwrt-initramfs.bin',
      'What its packets show',
    ])
    await page.keyboard.press('Enter')
    await page.getByRole('img', { name: /Block over time/ }).waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('+')
    expect(await page.getByRole('button', { name: 'Everything' }).isDisabled()).toBe(false)
  })

  test('thousands of transfers are a table of which only the rows in view exist; it is searched, grouped and scrolled', async () => {
    const server = await served()
    for (const view of crowd(3000)) server.set(view)
    server.frame()
    const { page } = await shown(server.url)
    const table = page.getByRole('table')
    await table.waitFor()
    expect(await table.getAttribute('aria-rowcount')).toBe('3001')
    const rows = page.locator('.all > [role=row]')
    expect(await rows.count()).toBeLessThan(60)
    await table.focus()
    await page.keyboard.press('End')
    await expect.poll(() => rows.last().getAttribute('aria-rowindex'), PATIENT).toBe('3001')
    await page.getByRole('searchbox').fill('10.1.3.7:')
    await expect.poll(() => rows.count(), PATIENT).toBe(1)
    await page.getByRole('searchbox').fill('')
    await page.getByLabel('Groups').selectOption('file')
    await expect
      .poll(() => rows.allInnerTexts())
      .toEqual([
        expect.stringMatching(/initrd\.img\s+2000 transfers/),
        expect.stringMatching(/vmlinuz\s+1000 transfers/),
      ])
    await rows.last().getByRole('button').click()
    await expect.poll(() => table.getAttribute('aria-rowcount'), PATIENT).toBe('1003')
  })

  test('axe finds nothing in any view (dark, wide and contrast: `npm run ui:figures`)', async () => {
    const { places, servers } = await everyView(page)
    onTestFinished(() => Promise.all(servers.map((server) => server.stop())).then(() => undefined))
    const { page: small } = await shown('about:blank', PHONE)
    // Contrast, which costs most of the time, is computed in ui/src/colors.test.ts.
    expect(await axeInPlaces(small, places, ['color-contrast'])).toEqual([])
  })

  hostilePeerTests(shown)

  realServerTests(shown)
})
