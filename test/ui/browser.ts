/** Chromium for tests of the page, and what a test wants to know of a page. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Undefined where there is none: its tests are skipped by name. */
export const CHROMIUM = PROGRAMS.find((path) => existsSync(path))

export const WIDE = { width: 1280, height: 860 }
export const PHONE = { width: 390, height: 844 }

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export function launch(): Promise<Browser> {
  // Root has no sandbox of its own.
  return chromium.launch({ ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }), args: ['--no-sandbox'] })
}

/** A page whose complaints are kept: errors, violations of the policy, requests to other hosts. */
export interface Watched {
  readonly page: Page
  readonly context: BrowserContext
  readonly complaints: string[]
}

export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({
    viewport: WIDE,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    ...options,
  })
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    // A connection that is lost, or a token that is asked for, is no fault of the page.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url())
    if (hostname !== '127.0.0.1' && protocol !== 'data:' && protocol !== 'about:')
      complaints.push(`asked another host: ${request.url()}`)
  })
  await page.goto(url)
  return { page, context, complaints }
}

/** What axe finds, one line for each rule. `without` names rules that are left out. */
export async function axeFindings(page: Page, without: readonly string[] = []): Promise<string[]> {
  // Through the debugger: the page's own policy lets no such script in. A document keeps it while only its fragment changes.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE)
  const { violations } = await page.evaluate(
    (rules) => (globalThis as unknown as { axe: Axe }).axe.run({ rules, resultTypes: ['violations'], preload: false }),
    Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
  )
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
  )
}

interface Axe {
  run(options: object): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>
}
