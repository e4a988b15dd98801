/** The figures as one page that needs nothing else, for a reader who chooses a server. */
import { CURVES, type Curve } from './cases.ts'
import {
  bestPeer,
  advantage,
  type CaseFigures,
  comparable,
  failedShare,
  type Figures,
  figuresOf,
  isClientLimited,
  isOurs,
  MOST_FAILED_SHARE,
  OURS,
  OURS_PORTABLE,
  type Sample,
  type ServerFigures,
  spreadOf,
} from './figures.ts'
import { caseOf, judge, type Verdict } from './judge.ts'
import { digits, percent } from './numbers.ts'
import { type Bar, bars, curves, html, type Line } from './page-charts.ts'
import { STYLE } from './page-style.ts'
import { noiseText, notesOf } from './report.ts'
import { dateText, direction, SECTIONS, serverName, unitText } from './words.ts'

export function page(figures: Figures): string {
  const { machine, startedAt, repeats } = figures
  const verdicts = judge(figures)
  const noise = noiseText(figures)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Foresend beside other TFTP servers</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Foresend beside other TFTP servers</h1>
<p>Measured on ${dateText(startedAt)}, on ${html(machine.cpu)} with ${machine.cores} cores, ${html(machine.kernel)}; ${html(machine.pinned)}, everything over loopback.
Each number is the median of ${repeats} measurement${repeats === 1 ? '' : 's'}, with the lowest and the highest below it; the servers took turns. Other machines give other numbers: compare the bars, not the megabytes.</p>
${figures.quick ? '<p class="warn">A quick run: it shows that the bench works, and measures next to nothing.</p>' : ''}
${noise === undefined ? '' : `<p class="warn">${html(capital(noise))}.</p>`}
</header>
<main>
<div class="cards tiles">${tiles(figures).join('')}</div>
${SECTIONS.map((section) => sectionHtml(figures, section, verdicts)).join('')}
${cpuSection(figures)}
${curveSection(figures)}
${targetSection(verdicts)}
${aboutSection(figures)}
</main>
</body>
</html>
`
}

/** What to take away, in large letters. */
function tiles(figures: Figures): string[] {
  const tile = (big: string, small: string): string =>
    `<div class="card tile"><b>${html(big)}</b><span>${html(small)}</span></div>`
  const times = (caseName: string, what: string): string[] => {
    const each = caseOf(figures, caseName)
    const ours = comparable(figuresOf(each, OURS))?.value
    const best = each === undefined ? undefined : bestPeer(each)
    if (each === undefined || ours === undefined || best === undefined || best.value === 0) return []
    const ratio = advantage(each.unit, ours, best.value)
    return [tile(`${digits(ratio)} times`, `as fast as ${best.server}, the best of the others: ${what}`)]
  }
  const herd = figuresOf(caseOf(figures, 'herd'), OURS)
  const rush =
    herd?.median === undefined
      ? []
      : [
          tile(
            `${Math.max(...herd.samples.map(({ value }) => value))} of 5000`,
            'devices went away empty-handed when all asked at once',
          ),
        ]
  return [
    ...times('lockstep-1428', 'one device, block by block'),
    ...times('clients-100-w1', '100 devices, block by block'),
    ...times('clients-100-w16', '100 devices with windows'),
    ...times('loss-1-w16', '1 % of the packets lost each way'),
    ...rush,
  ]
}

function sectionHtml(figures: Figures, section: (typeof SECTIONS)[number], verdicts: readonly Verdict[]): string {
  const found = section.cases.flatMap((name) => figures.cases.filter((each) => each.name === name))
  if (found.length === 0) return ''
  const cards = found.map((each) => caseCard(each, verdicts))
  return `<section><h2>${html(section.title)}</h2><p>${html(section.text)}</p><div class="cards">${cards.join('')}</div></section>`
}

function caseCard(each: CaseFigures, verdicts: readonly Verdict[]): string {
  const hint = `${unitText(each.unit)}, ${direction(each.unit)}`
  const head = `<h3>${html(capital(each.title))} <span class="hint">${hint}</span></h3>`
  if (each.skipped !== undefined) return `<div class="card">${head}<p>Not measured: ${html(each.skipped)}</p></div>`
  const list = each.servers.map((server) => barOf(server))
  const ours = comparable(figuresOf(each, OURS))?.value
  const share =
    each.ceiling === undefined || ours === undefined
      ? ''
      : `<p>Dashed: ${digits(each.ceiling.median)} MB/s${each.name.startsWith('client-') ? '' : ', what these cores move without TFTP'}. Foresend reaches ${percent(ours / each.ceiling.median)} of it.</p>`
  const marks = verdicts
    .filter(({ where, target }) => where === each.name && target.kind !== 'cheaper' && target.kind !== 'ceiling')
    .map((verdict) => `${mark(verdict)} ${html(sentence(verdict))}`)
  const judged = marks.length === 0 ? '' : `<p>${marks.join('<br>')}</p>`
  return `<div class="card">${head}${bars(list, each.ceiling?.median)}${share}${judged}</div>`
}

function barOf(server: ServerFigures): Bar {
  const spread = spreadOf(server.samples.map(({ value }) => value))
  const notes = [
    ...(server.note === undefined ? [] : [server.note]),
    ...(isClientLimited(server) ? ['the clients were the limit: it may be faster'] : []),
  ]
  return {
    label: serverName(server.server),
    tone: toneOf(server.server),
    ...(spread === undefined ? {} : { spread }),
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
    ...(failedShare(server) > MOST_FAILED_SHARE ? { pale: true } : {}),
  }
}

function cpuSection(figures: Figures): string {
  const servers = figures.servers.map(({ name }) => name)
  const rows = SECTIONS.flatMap(({ cases }) => cases)
    .flatMap((name) => caseOf(figures, name) ?? [])
    .filter(
      ({ unit, servers: all }) => unit === 'MB/s' && all.some(({ median }) => median?.cpuSecondsPerGb !== undefined),
    )
    .map((each) => {
      const values = servers.map((name) => figuresOf(each, name)?.median?.cpuSecondsPerGb)
      const least = Math.min(...values.filter((value) => value !== undefined))
      const cells = values.map((value) => `<td${value === least ? ' class="best"' : ''}>${digits(value)}</td>`)
      return `<tr><th scope="row">${html(capital(each.title))}</th>${cells.join('')}</tr>`
    })
  if (rows.length === 0) return ''
  const head = servers.map((name) => `<th scope="col">${html(serverName(name))}</th>`).join('')
  return `<section><h2>Processor time</h2><p>Seconds of a core that the server needs for each gigabyte. Lower is better; the best of a row is bold. ${html(figures.machine.accounting)}.</p>
<div class="scroll"><table><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`
}

function curveSection(figures: Figures): string {
  const cards = CURVES.flatMap((curve) => curve.shows.flatMap((what) => curveCard(figures, curve, what) ?? []))
  if (cards.length === 0) return ''
  return `<section><h2>When the work grows</h2><p>A server that scales keeps its speed, and needs the same processor time for each gigabyte. Upright lines are the range of the measurements.</p>
<div class="cards wide">${cards.join('')}</div></section>`
}

function curveCard(figures: Figures, curve: Curve, what: 'value' | 'cpu'): string | undefined {
  const found = curve.points.map(({ caseName }) => caseOf(figures, caseName))
  const take = (sample: Sample): number | undefined => (what === 'value' ? sample.value : sample.cpuSecondsPerGb)
  const lines = figures.servers.flatMap(({ name }): Line[] => {
    const points = found.flatMap((each, at) => {
      const own = figuresOf(each, name)
      const spread =
        comparable(own) === undefined ? undefined : spreadOf(own?.samples.flatMap((s) => take(s) ?? []) ?? [])
      return spread === undefined ? [] : [{ at, spread }]
    })
    return points.length < 2 ? [] : [{ label: serverName(name), tone: toneOf(name), points }]
  })
  if (lines.length === 0) return undefined
  const hint = what === 'value' ? 'MB/s, higher is better' : 'CPU seconds for each GB, lower is better'
  const keys = lines.map(({ label, tone }) => `<span class="key ${tone}">${html(label)}</span>`).join('')
  const labels = curve.points.map(({ label }) => label)
  return `<div class="card"><h3>${html(curve.title)} <span class="hint">${hint}</span></h3>${curves(lines, labels, curve.xTitle, `${curve.title}, ${hint}`)}<div class="keys">${keys}</div></div>`
}

function targetSection(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return ''
  const rows = verdicts.map(
    (verdict) =>
      `<tr><th scope="row">${html(capital(verdict.target.title))}</th><td>${html(verdict.where)}</td><td>${html(verdict.wanted)}</td><td>${html(verdict.found)}</td><td>${mark(verdict)}</td></tr>`,
  )
  const judged = verdicts.filter((verdict) => verdict.met !== undefined)
  const met = judged.filter((verdict) => verdict.met === true).length
  return `<section><h2>The project's targets</h2><p>${met} of ${judged.length} are met in this run. In brackets, what would be better still.</p>
<div class="scroll"><table><thead><tr><th>target</th><th>case</th><th>wanted</th><th>found</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`
}

function aboutSection(figures: Figures): string {
  const items = [
    ...figures.servers.map(({ name, version }) => `${serverName(name)}: ${version}`),
    ...figures.missing.map((why) => `Left out: ${why}`),
    `${serverName(OURS)} takes and gives many packets with one system call, and runs on Linux only; ${serverName(OURS_PORTABLE)} uses Node's own sockets and runs everywhere.`,
    `The clients are one process that checks every byte that it gets (but for the files of zeros in the curve of sizes). A server of which more than ${percent(MOST_FAILED_SHARE)} of the transfers fail is shown pale, and not compared.`,
    'Every server got the same files, from memory; a fast one got more of them in the same time. Limits on transfers were raised for all.',
    ...notesOf(figures),
  ]
  return `<section><h2>How it was measured</h2><ul>${items.map((item) => `<li>${html(item)}</li>`).join('')}</ul>
<p>To repeat it: <code>npm run bench -- --html bench.html</code> in a checkout of Foresend, as root, on a quiet Linux machine. This run took ${Math.round(figures.durationMs / 60_000) || 1} minutes, with Node ${html(figures.machine.node)}.</p></section>`
}

function sentence({ target, wanted, found }: Verdict): string {
  const who = isOurs(target.server) && target.server !== OURS ? 'dgram: ' : ''
  return `${who}${found}; wanted ${wanted}`
}

function mark({ met, stretchMet }: Verdict): string {
  if (met === undefined && stretchMet !== undefined) {
    return stretchMet ? '<span class="met">✓ more than met</span>' : '<span class="open">could be better</span>'
  }
  if (met === undefined) return '<span class="open">open</span>'
  if (!met) return '<span class="missed">✕ missed</span>'
  return `<span class="met">✓ ${stretchMet === true ? 'more than met' : 'met'}</span>`
}

const TONES = new Map([
  [OURS, 'batch'],
  [OURS_PORTABLE, 'dgram'],
  ['tftpd-hpa', 'hpa'],
  ['atftpd', 'atftpd'],
  ['dnsmasq', 'dnsmasq'],
])

function toneOf(server: string): string {
  return TONES.get(server) ?? 'other'
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
