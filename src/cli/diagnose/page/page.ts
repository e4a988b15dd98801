/** The diagnosis as one page that needs nothing else. Plots and tables are drawn by the page's own script (script.ts). */
import type { Cause } from '../../../capture/diagnosis/index.ts'
import { attempts, byUrgency, isHealthy, type Judged, type JudgedCapture, telling } from '../judged.ts'
import type { Replay } from '../../../capture/replay/contract.ts'
import { nothingLine } from '../nothing.ts'
import { REPLAY_COLUMNS, replayModel, replayRows, replayVerdict } from '../replay.ts'
import { nameOf, noticesOf, outcomeText, outcomeTone, tallyText, verdictText } from '../verdict.ts'
import { beginText, confidenceText, figureRows, holesText, programText, sentence, transferTitle } from '../words.ts'
import { html, prose, scriptJson } from './escape.ts'
import { histogram } from './histogram.ts'
import { ROW } from './packets.ts'
import type { PagePart, PageParts } from './parts.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

export function diagnosisPage(captures: readonly JudgedCapture[], parts: PageParts): string {
  const drawn: object[] = []
  const sections = captures.map((capture) => captureHtml(capture, parts, drawn))
  const names = captures.map(({ path }) => nameOf(path)).join(', ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Foresend diagnosis: ${html(names)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${sections.join('\n')}
</main>
<script type="application/json" id="data">${scriptJson({ row: ROW, transfers: drawn })}</script>
<script>${SCRIPT}</script>
</body>
</html>
`
}

function captureHtml(capture: JudgedCapture, parts: PageParts, drawn: object[]): string {
  const { path, summary, judged, unjudged } = capture
  const notices = noticesOf(capture).map((text) => `<p class="notice">${html(text)}</p>`)
  const name = html(nameOf(path))
  const nothing = unjudged.length > 0 ? '' : `<p>${html(sentence(nothingLine(summary)))}</p>`
  if (judged.length === 0) return `<header><h1>${name}</h1>${notices.join('')}${nothing}</header>`
  const groups = byUrgency(attempts(judged))
  const list = groups.map((group) => groupHtml(group, path, parts, drawn))
  return `<header><h1>${name}</h1>
<p>${html(tallyText(capture))}.</p>${notices.join('')}</header>
${list.join('\n')}`
}

function groupHtml(group: readonly Judged[], path: string, parts: PageParts, drawn: object[]): string {
  const [first] = group
  const shown = telling(group)
  const count = group.length === 1 ? '' : `<span class="dim"> ${group.length} attempts</span>`
  const all = group.map((one, index) => {
    const part = parts.get(path, one.transfer.id)
    const at = part === undefined ? -1 : drawn.push(drawing(one, part)) - 1
    return transferHtml(one, part, at, group.length === 1 ? '' : `Attempt ${index + 1}, `, shown.includes(one))
  })
  return `<section><h2>${html(transferTitle(first.transfer))}${count}</h2>\n${all.join('\n')}</section>`
}

/** What the script draws from. */
function drawing({ transfer, diagnosis }: Judged, { packets }: PagePart): object {
  const { blocks, startMs } = transfer
  return {
    ...packets,
    startMs,
    blocks: Math.max(blocks.highest, blocks.highestAcknowledged),
    evidence: diagnosis.causes.flatMap(({ id, evidence }) =>
      evidence.flatMap((one) => one.packets.map((n) => [n, id])),
    ),
  }
}

function transferHtml(one: Judged, part: PagePart | undefined, at: number, attempt: string, isOpen: boolean): string {
  const { transfer, diagnosis } = one
  const { causes, limits, server } = diagnosis
  const facts = [
    ...figureRows(one),
    ...(server === undefined ? [] : [['server', programText(server)] as const]),
    ...limits.map((limit) => ['limit', limit] as const),
  ]
  const holes = diagnosis.holes.count > 0 ? ' class="holes"' : ''
  return `<details class="transfer"${isOpen ? ' open' : ''}${at === -1 ? '' : ` data-drawing="${at}"`}>
<summary><b class="${outcomeTone(one)}">${html(outcomeText(one))}</b> ${attempt}${beginText(transfer)}: ${html(diagnosis.summary)}</summary>
<p class="verdict">${prose(verdictText(one))}</p>
<p${holes}>${html(holesText(one))}</p>
<div class="columns">
<div>
${causes.map(causeHtml).join('\n')}
<dl class="facts">${facts.map(([name, text]) => `<div><dt>${html(name)}</dt><dd>${html(text)}</dd></div>`).join('')}</dl>
</div>
${part === undefined ? '<p>This page has diagrams of the first transfers only.</p>' : `<figure><h3>${isHealthy(one) ? 'How it went' : 'Where it went wrong'}</h3>${part.ladder}</figure>`}
</div>
${part === undefined ? '' : `<div class="columns">${plotsHtml(part)}</div>`}
${one.replay === undefined ? '' : replayHtml(one.replay)}
${part === undefined ? '' : '<figure class="packets"></figure>'}
</details>`
}

/** What Foresend's policies would have done, beside what was captured. */
function replayHtml(replay: Replay): string {
  const head = REPLAY_COLUMNS.map((title) => `<th scope="col">${title}</th>`).join('')
  const rows = replayRows(replay).map(({ title, done, time, timeouts, holes, tone }) => {
    const cells = [time, timeouts, holes].map((text) => `<td>${html(text)}</td>`).join('')
    const mark = tone === 'plain' ? html(done) : `<b class="mark ${tone}">${html(done)}</b>`
    return `<tr><th scope="row">${html(title)}</th><td>${mark}</td>${cells}</tr>`
  })
  return `<figure class="replay"><h3>What Foresend would have done</h3>
<p class="${replay.trust === 'poor' ? 'notice' : 'said'}">${prose(replayVerdict(replay))}</p>
<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>
<p class="tip">${prose(`The model: ${replayModel(replay)}`)}</p></figure>`
}

function plotsHtml({ latencies }: PagePart): string {
  const chart = latencies === undefined ? '<p>No block was sent once and acknowledged.</p>' : histogram(latencies)
  return `<figure class="plot"><h3>Block over time</h3><noscript>The plot and the table of packets are drawn by a script.</noscript></figure>
<figure><h3>How long acknowledgements took</h3>${chart}</figure>`
}

function causeHtml({ id, title, confidence, evidence, tellApart }: Cause): string {
  const items = evidence.map(({ text, packets }) => {
    const chips = packets.map((n) => `<button type="button" class="chip" data-packet="${n}">${n}</button>`).join(' ')
    return `<li>${prose(text)} ${chips}</li>`
  })
  const apart = tellApart === undefined ? '' : `<p>To be sure: ${prose(tellApart)}</p>`
  return `<div class="cause"><h3>${html(id)} <span class="dim">${html(confidenceText(confidence))}</span></h3>
<p>${html(sentence(title))}</p>
<ul>${items.join('')}</ul>${apart}</div>`
}
