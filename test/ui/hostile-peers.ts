/**
 * Names, options and ERROR texts that would run, recolour, reverse or break a page that trusts them, in real packets to a real `serve --http`, and
 * what Chromium makes of them in each view. Part of page.test.ts, with its browser.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { httpServeArgs, start } from '../e2e/cli-run.ts'
import { RawClient } from '../e2e/raw-client.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { PHONE, type Watched, WIDE } from './browser.ts'
import { HOSTILE_NAMES } from './story.ts'

/** They run as long as the page looks at them; the rest is refused, as there is no such file. */
const RUNNING: readonly string[] = [
  '<script>window.pwned=7<',
  '\u202Enib.egami\u202C.exe',
  'zero\u200Bwidth\u200D\uFEFF.bin',
  'שם קובץ 12 قاتل',
  'pаypаl-\u0430\u0435\u043E.bin',
  'line\u2028two\u2029three',
  `long-${'W'.repeat(200)}`,
  '<img src=x onerror=alert(1)>',
]

const OPTIONS: readonly Readonly<Record<string, string>>[] = [
  { '<script>window.pwned=1</script>': '<img src=x onerror=alert(2)>' },
  { blksize: '<b>1024</b>' },
  { '\u202Eezisklb': '\u2067512' },
  { tsize: '\u001B[31m0' },
  { אבג: 'دهو 1 2 3' },
  { ['o'.repeat(150)]: 'v'.repeat(150) },
  { 'a\u0007b': 'c\nd' },
  { ｂｌｋｓｉｚｅ: '５１２' },
]

const TEXTS: readonly string[] = [
  '<script>window.pwned=1</script>',
  '"><img src=x onerror=alert(3)>',
  '\u202Etxet esrever\u202C',
  '\u001B]8;;http://evil.example\u0007link\u001B]8;;\u0007',
  'שגיאה 12 בקובץ 34',
  'line one\nline two\r\tthree',
  'E'.repeat(400),
  '" and "quoted" `rm -rf x` \\u{202e} עברית "',
  'http://evil.example/?a=<b>',
  '\u009B31mcsi\u009D',
  '\u2066\u2067nested isolates',
  `z${'\u0301\u0324\u033D\u0347'.repeat(40)}algo`,
  '&lt;b&gt;&#x3c;',
  '',
]

/** Begins a transfer, which goes on. */
async function begun(port: number, file: string, options: Readonly<Record<string, string>> = {}): Promise<RawClient> {
  const client = await RawClient.open(port)
  client.request(1, file, options)
  return client
}

/** What of the page is not as it has to be, one line for each. */
function wrongs(): string[] {
  const found: string[] = []
  const app = document.querySelector('#app') as HTMLElement
  if ('pwned' in globalThis) found.push('a script ran')
  for (const one of app.querySelectorAll('script, img, iframe, svg, object, style, b, [srcdoc], [onerror]'))
    found.push(`markup: ${one.outerHTML}`)
  for (const command of app.querySelectorAll('code'))
    if (command.textContent.includes('rm -rf')) found.push(`a command of a peer: ${command.textContent}`)
  for (const link of app.querySelectorAll('a'))
    if (link.protocol !== 'http:' || link.host !== location.host) found.push(`a link to ${link.href}`)
  const texts = [document.title, app.innerText]
  for (const one of app.querySelectorAll('*'))
    for (const name of ['title', 'aria-label', 'aria-valuetext']) texts.push(one.getAttribute(name) ?? '')
  for (const text of texts) {
    const unseen = /[^\P{C}\n\t]|[\u2028\u2029]/u.exec(text)
    if (unseen !== null)
      found.push(`U+${unseen[0].codePointAt(0)?.toString(16)} in ${JSON.stringify(text.slice(0, 200))}`)
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) found.push('wider than the screen')
  // A text from right to left turns round whatever stands with it in one run of text.
  const walker = document.createTreeWalker(app, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode as Text
    if (/[\u0590-\u08FF]/.test(data) && parentElement !== null && getComputedStyle(parentElement).display === 'inline')
      if (!getComputedStyle(parentElement).unicodeBidi.startsWith('isolate')) found.push(`not isolated: ${data}`)
    if (
      /[\u0590-\u08FF]/.test(data) &&
      /[a-z]/i.test(data.replaceAll(/\\u\{\w+\}/g, '')) &&
      parentElement?.localName !== 'bdi'
    )
      found.push(`not isolated from its sentence: ${data}`)
  }
  // Each cell stands below its title, whatever is in it.
  for (const table of app.querySelectorAll('table')) {
    const titles = Array.from(table.querySelectorAll('th'), (one) => Math.round(one.getBoundingClientRect().left))
    if (getComputedStyle(table.querySelector('thead') ?? table).display === 'table-header-group')
      for (const row of table.querySelectorAll('tbody tr'))
        for (const [index, cell] of [...row.children].entries())
          if (Math.abs(cell.getBoundingClientRect().left - titles[index]) > 1) found.push(`moved: ${cell.outerHTML}`)
  }
  for (const name of app.querySelectorAll('.name')) {
    const box = name.closest('td, [role=cell], h1, h2, h3, summary, li, dd, p')
    if (box === null || getComputedStyle(box).overflowX !== 'visible') continue
    const [inner, outer] = [name.getBoundingClientRect(), box.getBoundingClientRect()]
    if (inner.left < outer.left - 1 || inner.right > outer.right + 1) found.push(`sticks out: ${name.textContent}`)
  }
  return found
}

/** Goes there, waits until `selector` has `content`, and looks. What is seen there. */
async function looked(page: Page, place: string, selector: string, content = ''): Promise<string> {
  await page.evaluate((to) => void (location.hash = `#/${to}`), place)
  await page.waitForFunction(([css, part]) => document.querySelector(css)?.textContent.includes(part) === true, [
    selector,
    content,
  ] as const)
  expect([place, await page.evaluate(wrongs)]).toEqual([place, []])
  return page.locator('main').innerText()
}

/** `shown` goes to an address in the browser of the file. */
export function hostilePeerTests(shown: (url: string) => Promise<Watched>): void {
  test('60 hostile names, options and ERROR texts out of real packets are text in every view', async () => {
    expect(HOSTILE_NAMES.length + RUNNING.length + OPTIONS.length + TEXTS.length).toBe(60)
    const [folder, state] = [tempFolder(), tempFolder()]
    for (const name of ['image.bin', ...RUNNING]) writeFileSync(join(folder, name), Buffer.alloc(3000))
    const server = start(httpServeArgs(folder, state))
    onTestFinished(async () => {
      server.child.kill('SIGKILL')
      await server.ended
    })
    const [, udp] = await server.seen(/listening on 127\.0\.0\.1:(\d+)/)
    const [, link] = await server.seen(/Watch it at:\s+(\S+)/)
    const { page, complaints } = await shown(link)
    page.once('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`))
    const url = new URL(link).origin
    const port = Number(udp)

    const clients: RawClient[] = []
    onTestFinished(() => clients.forEach((client) => client.close()))
    for (const name of HOSTILE_NAMES) clients.push(await begun(port, name))
    for (const options of OPTIONS) {
      const client = await begun(port, 'image.bin', options)
      clients.push(client)
      const { opcode, port: tid } = await client.next()
      // Options that make no request of it are refused; the others are ended here.
      if (opcode !== 5) client.error(0, 'enough', tid)
    }
    for (const text of TEXTS) {
      const client = await begun(port, 'image.bin')
      clients.push(client)
      const { port: tid } = await client.next()
      client.raw(Buffer.concat([Buffer.from([0, 5, 0, 0]), Buffer.from(`${text}\0`)]), tid)
    }
    for (const name of RUNNING.slice(0, 5)) clients.push(await begun(port, name))
    await page.locator('section[aria-label="Transfers that run"] .card').nth(4).waitFor()
    const seen = [await looked(page, 'transfers', '.card.ended .name')]
    for (const name of RUNNING.slice(5)) clients.push(await begun(port, name))
    await page.getByRole('table').waitFor()
    seen.push(await looked(page, 'transfers', '.row .name'))

    // Once more with all of them in the document itself.
    await page.reload()
    const inDocument = await page.evaluate(() => document.querySelector('#snapshot')?.textContent ?? '')
    expect((JSON.parse(inDocument) as { transfers: { file: string }[] }).transfers).toHaveLength(RUNNING.length)
    seen.push(await looked(page, 'transfers', '.row .name'))

    const api = async <T>(path: string): Promise<T> => (await (await fetch(`${url}/api/v1/${path}`)).json()) as T
    type Rows = { transfers: { id: number; asked: string }[] }
    const wanted = HOSTILE_NAMES.length + OPTIONS.length + TEXTS.length
    await expect
      .poll(async () => (await api<Rows>('history?limit=500')).transfers.length, { timeout: 20_000 })
      .toBe(wanted)
    const { transfers: rows } = await api<Rows>('history?limit=500')
    const told = rows.filter(({ asked }) => asked === 'image.bin')
    const { transfers: running } = await api<{ transfers: { id: number }[] }>('transfers')
    expect(running).toHaveLength(RUNNING.length)
    for (const { id } of running.slice(0, 3)) seen.push(await looked(page, `transfers/${id}`, '.facts', `Number${id}`))
    for (const { id } of told) seen.push(await looked(page, `transfers/h${id}`, '.facts', `Numberh${id}`))
    for (const viewport of [WIDE, PHONE]) {
      await page.setViewportSize(viewport)
      await looked(page, 'history', 'main', 'FileClientEnded')
      await page.getByRole('button', { name: /more|older/i }).click()
      await expect.poll(() => page.locator('tbody tr').count()).toBe(wanted)
      seen.push(await looked(page, 'history', 'main', 'FileClientEnded'))
      seen.push(await looked(page, 'files', 'summary .name'))
      seen.push(await looked(page, 'devices', 'h2 .name'))
      seen.push(await looked(page, 'devices/127.0.0.1', 'main', 'Its transfersWhen'))
    }
    const all = seen.join('\n')
    for (const part of ['\\u{202e}gnp.elif\\u{202c}.exe', '\\u{1b}[2J', '<script>window.pwned=1</script>', 'שגיאה'])
      expect(all).toContain(part)
    expect(complaints).toEqual([])
  })
}
