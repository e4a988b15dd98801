/** Every view with something in it, and what axe finds in each. */
import type { Page } from 'playwright-core'
import { axeFindings } from './browser.ts'
import { FakeServer } from './fake-server.ts'
import { ArcherBoot, crowd, failure, MOMENTS, olderHistory, someFiles } from './story.ts'

/** An address, and a text that is there when the view is complete. */
export type Place = readonly [url: string, text: string]

/** `page` is the folder of the built page. Whoever asks stops the servers. */
export async function everyView(page: string): Promise<{ places: Place[]; servers: FakeServer[] }> {
  const [quiet, busy, crowded] = [
    await FakeServer.start({ page, writable: true }),
    await FakeServer.start({ page, writable: true }),
    await FakeServer.start({ page }),
  ]
  for (const server of [quiet, busy]) someFiles(server)
  const boot = new ArcherBoot(busy)
  for (const moment of MOMENTS) boot.play(moment)
  failure(busy)
  busy.history.push(...olderHistory(6))
  busy.set({ ...crowd(1)[0], id: 5, since: Date.now() })
  for (const view of crowd(40)) crowded.set(view)
  const { id } = busy.history[0]
  const places: Place[] = [
    [quiet.url, 'Nothing heard yet'],
    [`${busy.url}#/transfers`, 'did not answer for 30 s'],
    [`${busy.url}#/transfers/5`, 'Abort'],
    [`${busy.url}#/transfers/h${id}`, 'Block over time'],
    [`${busy.url}#/devices`, 'It gets 2 blocks'],
    [`${busy.url}#/devices/02:00:00:00:00:01`, 'Its transfers'],
    [`${busy.url}#/files`, 'recovery.bin'],
    [`${busy.url}#/history`, 'boot/initrd.img'],
    [`${crowded.url}#/transfers`, '10.1.0.5:2005'],
  ]
  return { places, servers: [quiet, busy, crowded] }
}

/** One line for each finding, with its place. `without` names rules that are left out. */
export async function axeInPlaces(
  page: Page,
  places: readonly Place[],
  without: readonly string[] = [],
): Promise<string[]> {
  const found: string[] = []
  for (const [url, text] of places) {
    await page.goto(url)
    await page.getByText(text).first().waitFor()
    if (url.endsWith('/files')) await page.locator('summary').first().click()
    found.push(...(await axeFindings(page, without)).map((finding) => `${url}: ${finding}`))
  }
  return found
}
