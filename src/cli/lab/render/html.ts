/**
 * The results of the lab as one page that needs nothing else: the matrix of devices and servers, and for a chosen cell what
 * went over the link and the spread over all boots. Drawing is done by the page's own script (lab-page-script.ts).
 */
import { aroundFirstFault, type Device, type Point, type Summary, thinned } from '../../../lab/index.ts'
import { LONG, outcomeText, TONES, toneOf } from './words.ts'
import { SCRIPT } from './page-script.ts'
import { STYLE } from './page-style.ts'
import { durationText, sizeText } from '../../render/units.ts'

export interface PageData {
  /** Device by device, server by server. */
  readonly summaries: readonly Summary[]
  /** What went over the link in the first boot of each of them. */
  readonly plots: readonly Plot[]
  readonly devices: readonly Device[]
  readonly servers: readonly { readonly name: string; readonly summary: string }[]
}

/** The points of a boot, thinned and flat: microseconds and block since the point before, and the kind. */
export interface Plot {
  readonly whole: readonly number[]
  /** Around the first loss or repeat. */
  readonly close: readonly number[]
}

export function plotOf(points: readonly Point[]): Plot {
  return {
    whole: packed(thinned(points, WHOLE_POINTS)),
    close: packed(aroundFirstFault(points, CLOSE_BEFORE, CLOSE_AFTER)),
  }
}

/** Points that a plot of a whole transfer shows; more than that lies on top of each other. */
const WHOLE_POINTS = 600
const CLOSE_BEFORE = 24
const CLOSE_AFTER = 96

export function labPage(data: PageData): string {
  const [first] = data.summaries
  const seeds = first === undefined ? [] : first.rows.map(({ seed }) => seed)
  const what = `${sizeText(first?.rows[0].sizeBytes ?? 0)} image, ${seeds.length > 1 ? `seeds ${seeds[0]} to ${seeds.at(-1)}` : `seed ${seeds[0] ?? '-'}`}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Foresend lab: ${html(what)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Which server can flash which device?</h1>
<p>Models of devices against models of servers, and Foresend's own sender, in virtual time. ${html(what)}; speeds in bytes per second.
Choose a cell to see what went over the link.</p>
<ul class="legend">
<li class="good">intact (the fuller, the nearer to the fastest server for this device)</li>
<li class="careful">intact in some boots, or unknown to the server</li>
<li class="bad">failed, after this many blocks</li>
<li class="worst">hole, wrong bytes, or a false success</li>
</ul>
</header>
<main>
<div class="matrix">${matrix(data)}</div>
<section id="detail" aria-live="polite"></section>
</main>
<script type="application/json" id="data">${script(cellData(data))}</script>
<script>${SCRIPT}</script>
</body>
</html>
`
}

function matrix({ summaries, servers, devices }: PageData): string {
  const head = servers.map(({ name }) => `<th scope="col"${ours(name)}><span>${html(name)}</span></th>`).join('')
  const rows = devices.map((device, d) => {
    const cells = summaries.slice(d * servers.length, (d + 1) * servers.length)
    const best = Math.max(1, ...cells.filter(({ intact }) => intact > 0).map(({ bytesPerSec }) => bytesPerSec))
    const tds = cells.map((summary, s) => cellHtml(summary, d * servers.length + s, best)).join('')
    const fault = cells[0]?.fault ?? 'none'
    const about = `<th scope="row" title="${html(device.description)}">${html(device.name)}<small>${html(fault)}</small></th>`
    return `<tr>${about}${tds}</tr>`
  })
  return `<table><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}

function cellHtml(summary: Summary, index: number, best: number): string {
  const tone = toneOf(summary)
  // A thousandth of the best speed is the palest.
  const strength = Math.round(28 + 62 * Math.max(0, 1 + Math.log10(Math.max(1, summary.bytesPerSec) / best) / 3))
  const label = `${summary.device} with ${summary.server}: ${outcomeText(summary)}`
  return `<td${ours(summary.server)}><button class="${tone}" style="--s:${strength}%" data-cell="${index}" aria-label="${html(label)}">${html(cellText(summary))}</button></td>`
}

function cellText(summary: Summary): string {
  const { harmful, worst, intact, runs, blocks, bytesPerSec } = summary
  if (harmful > 0) return worst === 'hole' ? 'hole' : worst === 'wrong-bytes' ? 'bytes' : 'lie'
  if (intact === 0) return `✕ ${Math.round(blocks)}`
  return intact === runs ? shortRate(bytesPerSec) : `${intact}/${runs}`
}

/** 3.4M, 120k, 950: what fits a cell. */
function shortRate(bytesPerSec: number): string {
  const [value, unit] = sizeText(bytesPerSec).split(' ')
  const short = Number(value) >= 10 ? String(Math.round(Number(value))) : Number(value).toFixed(1)
  return `${short}${unit[0] === 'B' ? '' : unit[0]}`
}

function ours(server: string): string {
  return server.startsWith('foresend') ? ' class="ours"' : ''
}

/** What came of the boots together; where they differ, of the worst. */
function saysOf({ worst, intact, runs }: Summary): string {
  return intact > 0 && intact < runs ? `in the worst boot ${LONG[worst]}` : LONG[worst]
}

/** What the script reads. Short names: it is repeated for every cell. */
function cellData({ summaries, plots, devices, servers }: PageData): object {
  const cells = summaries.map((summary, index) => {
    const [row] = summary.rows
    return {
      outcome: outcomeText(summary),
      tone: toneOf(summary),
      says: saysOf(summary),
      facts: factsOf(summary),
      drawn: row.drawn,
      seed: row.seed,
      rows: summary.rows.map((r) => [r.seed, Math.round(r.bytesPerSec), TONES[r.verdict], r.blocks]),
      ...plots[index],
    }
  })
  return {
    devices: devices.map(({ name, description, source }) => ({ name, description, source })),
    servers,
    cells,
    faults: devices.map((_, d) => summaries[d * servers.length]?.fault ?? 'none'),
  }
}

function factsOf(summary: Summary): [string, string][] {
  const [row] = summary.rows
  const middle = summary.runs > 1 ? ' (median)' : ''
  return [
    [`speed${middle}`, `${sizeText(summary.bytesPerSec)}/s`],
    [`time${middle}`, durationText(summary.ms)],
    [`blocks${middle}`, String(Math.round(summary.blocks))],
    [`holes${middle}`, String(Math.round(summary.holes))],
    [`client timeouts${middle}`, String(Math.round(summary.clientTimeouts))],
    [`datagrams per block${middle}`, summary.datagramsPerBlock.toFixed(2)],
    ['longest pause (first boot)', durationText(row.longestGapMs)],
    ['the device says', row.clientSays],
    ['the server says', row.serverSays],
  ]
}

function packed(points: readonly Point[]): number[] {
  const out: number[] = []
  let us = 0
  let seq = 0
  for (const point of points) {
    const at = Math.round(point.ms * 1000)
    out.push(at - us, point.seq - seq, point.kind)
    us = at
    seq = point.seq
  }
  return out
}

function html(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

/** JSON that cannot end its script element. */
function script(value: object): string {
  return JSON.stringify(value).replace(/</g, '\\u003c')
}
