/** Charts as inline SVG: bars that a phone can show, and curves. */
import { type Spread } from './figures.ts'
import { grouped } from './numbers.ts'

export interface Bar {
  readonly label: string
  /** Names its colour. */
  readonly tone: string
  readonly spread?: Spread
  /** Instead of a bar, or behind its number. */
  readonly note?: string
  /** Shown, but not to be compared. */
  readonly pale?: boolean
}

/** One row for each bar: name, bar with its range, number. `limit` is drawn through all of them. */
export function bars(list: readonly Bar[], limit?: number): string {
  const most = Math.max(limit ?? 0, ...list.map(({ spread }) => spread?.most ?? 0)) || 1
  const x = (value: number): string => ((value / most) * 100).toFixed(2)
  const mark = limit === undefined ? '' : `<line class="limit" x1="${x(limit)}" x2="${x(limit)}" y1="0" y2="20"/>`
  const rows = list.map(({ label, tone, spread, note, pale }) => {
    const why = note === undefined ? '' : `<small class="note">${html(note)}</small>`
    if (spread === undefined) return `<div class="bar"><b>${html(label)}</b>${why}</div>`
    const { median, least, most: top } = spread
    const range = top > least ? `<path class="range" d="M${x(least)} 10H${x(top)}M${x(least)} 6v8M${x(top)} 6v8"/>` : ''
    const drawing = `<svg viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true"><rect class="${tone}${pale === true ? ' pale' : ''}" width="${x(median)}" height="20"/>${range}${mark}</svg>`
    const spans = top > least ? `<small>${grouped(least)} to ${grouped(top)}</small>` : ''
    return `<div class="bar"><b>${html(label)}</b>${drawing}<span class="number">${grouped(median)}${spans}</span>${why}</div>`
  })
  return `<div class="bars">${rows.join('')}</div>`
}

export interface Line {
  readonly label: string
  readonly tone: string
  readonly points: readonly { readonly at: number; readonly spread: Spread }[]
}

const WIDTH = 420
const HEIGHT = 230
const LEFT = 50
const RIGHT = 14
const TOP = 12
const BOTTOM = 40

/** Curves over points that stand side by side, from 0 upwards. `labels` name the points. */
export function curves(lines: readonly Line[], labels: readonly string[], xTitle: string, title: string): string {
  const high = Math.max(0, ...lines.flatMap(({ points }) => points.map(({ spread }) => spread.most)))
  const { step, top } = scale(high)
  const x = (at: number): number =>
    round(LEFT + 12 + (at * (WIDTH - LEFT - RIGHT - 24)) / Math.max(1, labels.length - 1))
  const y = (value: number): number => round(HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM))
  const grid: string[] = []
  for (let value = 0; value <= top + step / 2; value += step) {
    grid.push(`<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>`)
    grid.push(`<text x="${LEFT - 7}" y="${y(value) + 4}" text-anchor="end">${grouped(round(value))}</text>`)
  }
  for (const [at, label] of labels.entries()) {
    grid.push(`<text x="${x(at)}" y="${HEIGHT - BOTTOM + 17}" text-anchor="middle">${html(label)}</text>`)
  }
  const middle = (LEFT + WIDTH - RIGHT) / 2
  grid.push(`<text class="title" x="${middle}" y="${HEIGHT - 5}" text-anchor="middle">${html(xTitle)}</text>`)
  const drawn = lines.map(({ tone, points }) => {
    const path = points.map(({ at, spread }, i) => `${i === 0 ? 'M' : 'L'}${x(at)} ${y(spread.median)}`).join('')
    const ranges = points.map(({ at, spread }) => `M${x(at)} ${y(spread.least)}V${y(spread.most)}`).join('')
    const dots = points.map(({ at, spread }) => `<circle cx="${x(at)}" cy="${y(spread.median)}" r="3"/>`).join('')
    return `<g class="${tone}"><path class="spread" d="${ranges}"/><path class="line" d="${path}"/>${dots}</g>`
  })
  return `<svg class="curve" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${html(title)}">${grid.join('')}${drawn.join('')}</svg>`
}

/** Steps of 1, 2 or 5 that a person reads at a glance, three to six of them. */
function scale(high: number): { step: number; top: number } {
  const rough = (high || 1) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10)
  return { step, top: Math.max(step, Math.ceil((high || 1) / step) * step) }
}

export function html(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
