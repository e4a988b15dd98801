import { PLOT_SCRIPT } from '../../render/plot-script.ts'

/** What draws the plots of a chosen cell, in the page itself. Plain JavaScript for any browser of these years. */
export const SCRIPT = String.raw`
'use strict'
${PLOT_SCRIPT}
const data = JSON.parse(document.getElementById('data').textContent)
const detail = document.getElementById('detail')
const buttons = [...document.querySelectorAll('button[data-cell]')]
const columns = data.servers.length
const KINDS = ['DATA sent', 'DATA repeated', 'DATA lost', 'repeat lost', 'acknowledged', 'ACK lost']

function unpack(flat) {
  const points = []
  let us = 0, seq = 0
  for (let i = 0; i < flat.length; i += 3) points.push({ order: i / 3, ms: (us += flat[i]) / 1000, seq: (seq += flat[i + 1]), kind: flat[i + 2] })
  return points
}

/** The unit in which a span of time is read. */
const unitOf = (span) => span >= 120000 ? [60000, ' min'] : span >= 2000 ? [1000, ' s'] : [1, ' ms']
const trim = (n) => String(Number(n.toPrecision(6)))
function rate(n) {
  const scale = [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB']].find(([size]) => n >= size)
  return (scale ? trim(n / scale[0]) + ' ' + scale[1] : trim(n) + ' B') + '/s'
}

const mark = (kind, x, y, r) => kind === 2 || kind === 3 || kind === 5
  ? 'M' + (x - r) + ' ' + (y - r) + 'l' + 2 * r + ' ' + 2 * r + 'm0 ' + -2 * r + 'l' + -2 * r + ' ' + 2 * r
  : kind === 4 ? 'M' + (x - r) + ' ' + y + 'a' + r + ' ' + r + ' 0 1 0 ' + 2 * r + ' 0a' + r + ' ' + r + ' 0 1 0 ' + -2 * r + ' 0'
  : 'M' + x + ' ' + y + 'h0'

function sequencePlot(title, note, points, close) {
  const W = 620, H = 320, L = 52, R = 12, T = 10, B = 34
  const figure = el('figure', {}, el('h3', {}, title))
  if (points.length === 0) return figure.append(el('p', {}, 'Nothing went over the link.')), figure
  const times = points.map((p) => p.ms), seqs = points.map((p) => p.seq)
  // Close up, packets stand in their order: a pause of a second would hide what takes microseconds.
  const t1 = close ? Math.max(1, points.length - 1) : Math.max(...times, 0.001)
  const s0 = close ? Math.min(...seqs) : 0, s1 = Math.max(...seqs, s0 + 1)
  const x = (p) => L + ((close ? p.order : p.ms) / t1) * (W - L - R - 4) + 2
  const y = (seq) => H - B - ((seq - s0) / (s1 - s0)) * (H - T - B - 6) - 3
  const svg = el('svg', { viewBox: '0 0 ' + W + ' ' + H, role: 'img', 'aria-label': title })
  const label = (at, text, pause) => svg.append(el('line', { class: pause ? 'axis pause' : 'axis', x1: at, x2: at, y1: T, y2: H - B }),
    el('text', { x: Math.min(at, W - 24), y: H - B + 17, 'text-anchor': 'middle' }, text))
  const [unit, name] = unitOf(t1)
  if (!close) for (const t of ticks(0, t1 / unit, 6)) label(x({ ms: t * unit }), trim(t) + name)
  let labelledAt = -Infinity
  const gaps = points.slice(1).map((p, i) => p.ms - points[i].ms)
  const usual = gaps.toSorted((a, b) => a - b)[gaps.length >> 1]
  if (close) gaps.forEach((gap, i) => {
    const at = x({ order: i + 0.5 })
    if (gap < 5 || gap < 20 * usual) return
    label(at, at - labelledAt > 52 ? (gap >= 950 ? trim(Number((gap / 1000).toPrecision(2))) + ' s' : trim(Number(gap.toPrecision(2))) + ' ms') : '', true)
    if (at - labelledAt > 52) labelledAt = at
  })
  for (const s of ticks(s0, s1, 6)) {
    if (s !== Math.round(s)) continue
    svg.append(el('line', { class: 'axis', x1: L, x2: W - R, y1: y(s), y2: y(s) }), el('text', { x: L - 7, y: y(s) + 4, 'text-anchor': 'end' }, trim(s)))
  }
  const used = []
  for (const kind of [4, 0, 1, 5, 3, 2]) {
    const some = points.filter((p) => p.kind === kind)
    if (some.length === 0) continue
    used.push(kind)
    const r = kind === 4 ? (close ? 3.5 : 2.2) : 3
    const d = some.map((p) => mark(kind, +x(p).toFixed(1), +y(p.seq).toFixed(1), r)).join('')
    svg.append(el('path', { class: 'k' + kind, d, 'stroke-width': kind < 2 ? (close ? 5 : 3) : 1.3, 'stroke-linecap': 'round' }))
  }
  const tip = el('div', { class: 'tip' }, note)
  svg.addEventListener('mousemove', (event) => {
    const box = svg.getBoundingClientRect()
    const px = ((event.clientX - box.left) / box.width) * W, py = ((event.clientY - box.top) / box.height) * H
    let best, nearest = 400
    for (const p of points) {
      const away = (x(p) - px) ** 2 + (y(p.seq) - py) ** 2
      if (away < nearest) (nearest = away), (best = p)
    }
    tip.textContent = best ? KINDS[best.kind] + ', block ' + best.seq + ' at ' + best.ms.toFixed(3) + ' ms' : note
  })
  svg.addEventListener('mouseleave', () => { tip.textContent = note })
  const keys = el('div', { class: 'keys' }, ...used.sort().map((kind) => el('span', {},
    el('svg', { viewBox: '0 0 14 12' }, el('path', { class: 'k' + kind, d: mark(kind, 7, 6, 3.5), 'stroke-width': kind < 2 ? 6 : 1.5, 'stroke-linecap': 'round' })), KINDS[kind])))
  figure.append(svg, keys, tip)
  return figure
}

function spreadPlot(device, server) {
  const H = 17, L = 158, W = 620, R = 14
  const cells = data.cells.slice(device * columns, (device + 1) * columns)
  const speeds = cells.flatMap((cell) => cell.rows.filter((row) => row[2] === 'good' || row[2] === 'careful').map((row) => row[1]))
  const low = Math.floor(Math.log10(Math.max(1, Math.min(...speeds, 1e6)))), high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...speeds, 1))))
  const lane = L + 88
  const x = (n) => lane + ((Math.log10(Math.max(1, n)) - low) / (high - low)) * (W - lane - R)
  const svg = el('svg', { viewBox: '0 0 ' + W + ' ' + (columns * H + 34), role: 'img', 'aria-label': 'speed of every boot' })
  svg.append(el('rect', { class: 'row', x: 0, y: 4 + server * H, width: W, height: H, rx: 3 }), el('text', { x: L + 24, y: columns * H + 24, 'text-anchor': 'middle' }, 'no image'))
  for (let p = low; p <= high; p++) svg.append(el('line', { class: 'axis', x1: x(10 ** p), x2: x(10 ** p), y1: 4, y2: columns * H + 8 }),
    el('text', { x: Math.min(x(10 ** p), W - 30), y: columns * H + 24, 'text-anchor': 'middle' }, rate(10 ** p)))
  svg.append(el('line', { class: 'axis', x1: lane - 26, x2: lane - 26, y1: 4, y2: columns * H + 8, 'stroke-width': 2 }))
  cells.forEach((cell, s) => {
    const yy = 4 + s * H + H / 2
    svg.append(el('text', { x: L - 8, y: yy + 4, 'text-anchor': 'end', class: s === server ? 'me' : '' }, data.servers[s].name))
    cell.rows.forEach((row, i) => {
      const failed = row[2] === 'bad' || row[2] === 'worst'
      const cx = failed ? L + 6 + ((i * 7.3) % 40) : x(row[1])
      const title = document.createElementNS('http://www.w3.org/2000/svg', 'title')
      title.textContent = 'seed ' + row[0] + ': ' + (failed ? 'after ' + row[3] + ' blocks' : rate(row[1]))
      svg.append(el('circle', { class: row[2], cx, cy: yy + ((i * 5) % 7) - 3, r: 3.2 }, title))
    })
  })
  const runs = cells[0].rows.length
  const note = runs > 1 ? runs + ' boots of this device with each server; a dot is one boot.' : 'One boot with each server. More of them, with --runs N, show how much units differ.'
  return el('figure', {}, el('h3', {}, 'Speed of every boot, all servers'), svg, el('div', { class: 'tip' }, note))
}

function show(index) {
  const cell = data.cells[index], d = Math.floor(index / columns), s = index % columns
  const device = data.devices[d], server = data.servers[s]
  for (const button of buttons) button.setAttribute('aria-pressed', String(Number(button.dataset.cell) === index))
  const drawn = Object.entries(cell.drawn).map(([path, value]) => path + ' = ' + Number(value.toPrecision(3)))
  const facts = el('dl', { class: 'facts' }, ...cell.facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))))
  const boot = 'seed ' + cell.seed + (drawn.length ? ', drew ' + drawn.join(', ') : '')
  detail.replaceChildren(
    el('h2', {}, device.name + ' with ' + server.name),
    el('p', {}, device.description + '. Server: ' + server.summary + '. Fault: ' + data.faults[d] + '.'),
    el('p', { class: 'outcome ' + cell.tone }, el('b', {}, cell.outcome), cell.says + '.'),
    facts,
    el('div', { class: 'plots' },
      sequencePlot('Block over time (' + boot + ')', 'Thinned where points would cover each other; losses and repeats are kept.', unpack(cell.whole), false),
      sequencePlot('The packets around the first loss or repeat', 'Every packet, in order; a dashed line is a pause. Point at a packet for its block and time.', unpack(cell.close), true),
      spreadPlot(d, s)),
    el('p', {}, 'Known from: ' + device.source))
  history.replaceState(null, '', '#' + device.name + '/' + server.name)
}

const MOVES = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }
for (const button of buttons) {
  button.addEventListener('click', () => show(Number(button.dataset.cell)))
  button.addEventListener('keydown', (event) => {
    const next = buttons[Number(button.dataset.cell) + (MOVES[event.key] || 0)]
    if (!MOVES[event.key] || !next) return
    event.preventDefault()
    next.focus()
    show(Number(next.dataset.cell))
  })
}
const [wantedDevice, wantedServer] = decodeURIComponent(location.hash.slice(1)).split('/')
const chosen = data.devices.findIndex((device) => device.name === wantedDevice) * columns + data.servers.findIndex((server) => server.name === wantedServer)
if (data.cells.length > 0) show(data.cells[chosen] ? chosen : 0)
`
