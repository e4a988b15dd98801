/** The page's script, run against as much of a browser's document as it uses. */
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { packet } from '../../../../test/golden/capture-maker.ts'
import { blocks, Scene } from '../../../../test/golden/capture-scene.ts'
import type { CapturedPackets } from '../../../capture/index.ts'
import { pagePackets, ROW } from './packets.ts'
import { SCRIPT } from './script.ts'

type Listener = (event: object) => void

class Element {
  readonly name: string
  readonly attributes: Record<string, string> = {}
  readonly listeners: Record<string, Listener> = {}
  readonly dataset: Record<string, string> = {}
  children: (Element | string)[] = []
  open = true
  hidden = false
  disabled = false
  scrollTop = 0
  offsetTop = 0
  clientHeight = 0

  constructor(name: string) {
    this.name = name
  }

  setAttribute(key: string, value: unknown): void {
    this.attributes[key] = String(value)
  }

  append(...children: (Element | string)[]): void {
    this.children.push(...children)
  }

  replaceChildren(...children: (Element | string)[]): void {
    this.children = children
  }

  addEventListener(type: string, listener: Listener): void {
    this.listeners[type] = listener
  }

  remove(): void {}
  scrollIntoView(): void {}
  setPointerCapture(): void {}

  getBoundingClientRect(): object {
    return { left: 0, top: 0, width: 620, height: 340 }
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.textContent)).join('')
  }

  set textContent(text: string) {
    this.children = [text]
  }

  all(name: string): Element[] {
    const inner = this.children.flatMap((child) => (typeof child === 'string' ? [] : child.all(name)))
    return this.name === name ? [this, ...inner] : inner
  }

  querySelector(selector: string): Element | null {
    const number = /data-number="(\d+)"/.exec(selector)?.[1]
    return this.all('tr').find(({ attributes }) => attributes['data-number'] === number) ?? null
  }
}

const scene = blocks(new Scene().ask(packet.rrq('image')), 1, 150).wait(1000)
const { packets: stalled } = blocks(scene, 151, 300).server(packet.error(0, 'stop')).one()

/** The page of one transfer, with packet 20 as evidence. */
function opened(packets: CapturedPackets = stalled) {
  const transfers = [{ ...pagePackets(packets, new Set()), evidence: [[20, 'ack-loss']] }]
  const json = new Element('script')
  json.append(JSON.stringify({ row: ROW, transfers }))
  const plot = new Element('figure')
  const table = new Element('figure')
  const details = Object.assign(new Element('details'), {
    querySelector: (selector: string) => (selector === '.plot' ? plot : table),
  })
  details.dataset.drawing = '0'
  runInNewContext(SCRIPT, {
    document: {
      getElementById: () => json,
      querySelectorAll: () => [details],
      createElement: (name: string) => new Element(name),
      createElementNS: (_: string, name: string) => new Element(name),
    },
  })
  const svg = plot.all('svg')[0]
  const press = (text: string): void =>
    [...plot.all('button'), ...table.all('button')].find((one) => one.textContent === text)?.listeners.click({})
  return {
    press,
    plot: () => plot.textContent,
    head: () => table.all('h3')[0].textContent,
    rows: () => table.all('tr').slice(1),
    lines: () => svg.all('path').map(({ attributes }) => attributes.class),
    drag: (from: number, to: number): void => {
      const at = (clientX: number): object => ({ clientX, clientY: 100, pointerId: 1 })
      svg.listeners.pointerdown(at(from))
      svg.listeners.pointermove(at(to))
      svg.listeners.pointerup(at(to))
    },
    choose: (number: number): void => {
      const chip = { dataset: { packet: String(number) } }
      details.listeners.click({ target: { closest: () => chip } })
    },
  }
}

test('the whole transfer is drawn, and its packets are listed in pages', () => {
  const page = opened()
  expect(page.lines()).toEqual(['acked', 'sent', 'other', 'evidence'])
  expect(page.head()).toBe('Packets: 1 to 200 of 602')
  expect(page.rows()[0].textContent).toBe('10.000 msclientRRQ')
  expect(page.rows()[19].textContent).toBe('201.900 ms0.100 msserverDATA 10512evidence of ack-loss')
  page.press('Next')
  page.press('Next')
  page.press('Next')
  expect(page.head()).toBe('Packets: 601 to 602 of 602')
  expect(page.rows()[1].textContent).toContain('ERROR 0')
})

test('a drag zooms into the time that it spans, and back', () => {
  const page = opened()
  page.drag(300, 608)
  expect(page.head()).toBe('Packets in view: 1 to 200 of 301')
  expect(page.rows()[0].textContent).toContain('DATA 151')
  page.press('Earlier')
  page.press('Zoom out')
  page.press('Whole transfer')
  expect(page.head()).toBe('Packets: 1 to 200 of 602')
})

test('a packet that is evidence is shown with those around it', () => {
  const page = opened()
  page.choose(402)
  expect(page.head()).toBe('Packets in view: 1 to 25 of 25')
  expect(page.rows()[12].attributes).toEqual({ class: 'evidence', 'data-number': '402' })
})

test('a transfer without a block has its packets, and no empty plot', () => {
  const page = opened(new Scene().ask(packet.rrq('image')).ask(packet.rrq('image')).one().packets)
  expect(page.plot()).toBe('No block was sent.')
  expect(page.head()).toBe('Packets: 1 to 2 of 2')
})
