import { PLOT_SCRIPT } from '../../render/plot-script.ts'

/** What draws plot and packet table of each transfer, in the page itself. Plain JavaScript for any browser of these years. */
export const SCRIPT = String.raw`
'use strict'
${PLOT_SCRIPT}
const data = JSON.parse(document.getElementById('data').textContent)
const KINDS = ['', 'RRQ', 'WRQ', 'DATA', 'ACK', 'ERROR', 'OACK', 'no TFTP packet']
const FLAGS = [[1, 'again'], [2, 'bad checksum'], [4, 'cut by the capture'], [8, 'in fragments'], [16, 'fragments missing'], [32, 'part of a large frame'], [64, 'captured twice']]
const LINES = [['acked', 'acknowledged'], ['sent', 'sent'], ['again', 'repeated'], ['other', 'request, OACK, ERROR'], ['evidence', 'evidence']]
const W = 620, H = 340, L = 58, R = 12, T = 10, B = 30, ROWS = 200

function unpack(drawing) {
  const evidence = new Map()
  for (const [number, id] of drawing.evidence) evidence.set(number, evidence.has(number) ? evidence.get(number) + ', ' + id : id)
  const packets = [], width = data.row.length, rows = drawing.rows
  let number = 0, us = 0, seq = 0
  for (let i = 0; i < rows.length; i += width) {
    const what = rows[i + 2]
    number += rows[i]; us += rows[i + 1]; seq += rows[i + 3]
    const kind = what & 7, flags = what >> 4, again = flags & 1
    const line = kind === 3 ? (again ? 'again' : 'sent') : kind === 4 ? (again ? 'again' : 'acked') : 'other'
    packets.push({ number, ms: us / 1000, kind, client: (what >> 3) & 1, flags, seq, bytes: rows[i + 4], left: rows[i + 5], line, evidence: evidence.get(number) })
  }
  return packets
}

const trim = (n) => String(Number(n.toPrecision(7)))
const unitOf = (span) => span >= 120000 ? [60000, ' min'] : span >= 2000 ? [1000, ' s'] : span >= 2 ? [1, ' ms'] : [0.001, ' us']
const packetText = (p) => KINDS[p.kind] + (p.kind >= 3 && p.kind <= 5 ? ' ' + p.seq : '') + FLAGS.filter(([bit]) => p.flags & bit).map(([, text]) => ', ' + text).join('')

function begin(details, drawing) {
  const packets = unpack(drawing)
  const plot = details.querySelector('.plot'), table = details.querySelector('.packets')
  if (packets.length === 0) return
  // Times go back where a clock was set: the plot spans all of them.
  let low = Infinity, high = -Infinity
  for (const p of packets) { low = Math.min(low, p.ms); high = Math.max(high, p.ms) }
  high = Math.max(high, low + 0.001)
  const whole = [low - (high - low) * 0.01, high + (high - low) * 0.01]
  let view = whole, page = 0, marked

  const svg = el('svg', { viewBox: '0 0 ' + W + ' ' + H, role: 'img', 'aria-label': 'block over time' })
  const tip = el('p', { class: 'tip' })
  const buttons = el('div', { class: 'bar-of-buttons' })
  const button = (text, act) => { const b = el('button', { type: 'button' }, text); b.addEventListener('click', act); buttons.append(b) }
  const span = () => view[1] - view[0]
  const x = (ms) => L + ((ms - view[0]) / span()) * (W - L - R)
  const msAt = (px) => view[0] + ((px - L) / (W - L - R)) * span()
  const HINT = 'Drag to zoom into a time, turn the wheel to zoom, double-click for the whole. The table below shows the packets in view.'

  function look(from, to) {
    const least = 0.005
    const wide = Math.min(Math.max(to - from, least), whole[1] - whole[0])
    const middle = (from + to) / 2
    const start = Math.min(Math.max(middle - wide / 2, whole[0]), whole[1] - wide)
    view = [start, start + wide]
    page = 0
    draw()
  }
  const zoom = (factor, at = (view[0] + view[1]) / 2) => look(at - (at - view[0]) * factor, at + (view[1] - at) * factor)
  button('Zoom in', () => zoom(0.4)); button('Zoom out', () => zoom(2.5))
  button('Earlier', () => look(view[0] - span() * 0.6, view[1] - span() * 0.6)); button('Later', () => look(view[0] + span() * 0.6, view[1] + span() * 0.6))
  button('Whole transfer', () => { marked = undefined; look(whole[0], whole[1]) })

  let y = () => 0, shown = []
  function draw() {
    shown = packets.filter((p) => p.ms >= view[0] && p.ms <= view[1])
    const blocks = shown.filter((p) => p.line !== 'other')
    let s0 = Infinity, s1 = -Infinity
    for (const p of blocks) { s0 = Math.min(s0, p.seq); s1 = Math.max(s1, p.seq) }
    if (blocks.length === 0) { s0 = 0; s1 = 1 }
    if (s1 - s0 < 4) { s0 = Math.max(0, s0 - 1); s1 = s0 + 5 }
    y = (p) => p.line === 'other' ? H - B - 6 : H - B - 14 - ((p.seq - s0) / (s1 - s0)) * (H - T - B - 20)
    svg.replaceChildren()
    const [unit, name] = unitOf(span())
    for (const t of ticks(view[0] / unit, view[1] / unit, 6)) {
      const at = x(t * unit)
      svg.append(el('line', { class: 'axis', x1: at, x2: at, y1: T, y2: H - B }), el('text', { x: Math.min(at, W - 24), y: H - B + 17, 'text-anchor': 'middle' }, trim(t) + name))
    }
    for (const s of ticks(s0, s1, 6)) {
      if (s !== Math.round(s)) continue
      const at = y({ line: '', seq: s })
      svg.append(el('line', { class: 'axis', x1: L, x2: W - R, y1: at, y2: at }), el('text', { x: L - 7, y: at + 4, 'text-anchor': 'end' }, trim(s)))
    }
    // The fewer packets are in view, the larger they are.
    const r = shown.length > 3000 ? 0.9 : shown.length > 400 ? 1.6 : shown.length > 80 ? 2.6 : 4
    const path = (line, some, size) => {
      if (some.length === 0) return
      const d = some.map((p) => mark(line, x(p.ms).toFixed(1), y(p).toFixed(1), size)).join('')
      svg.append(el('path', { class: line, d, 'stroke-width': line === 'sent' || line === 'again' ? 2 * size : 1.4, 'stroke-linecap': 'round' }))
    }
    for (const [line] of LINES) if (line !== 'evidence') path(line, shown.filter((p) => p.line === line), line === 'acked' ? r + 1 : r)
    path('evidence', shown.filter((p) => p.evidence !== undefined || p.number === marked), r + 4)
    tip.textContent = HINT
    list()
  }
  function mark(line, cx, cy, r) {
    if (line === 'acked' || line === 'evidence') return 'M' + (cx - r) + ' ' + cy + 'a' + r + ' ' + r + ' 0 1 0 ' + 2 * r + ' 0a' + r + ' ' + r + ' 0 1 0 ' + -2 * r + ' 0'
    return line === 'other' ? 'M' + cx + ' ' + (cy - r) + 'v' + 2 * r : 'M' + cx + ' ' + cy + 'h0'
  }

  const place = (event) => {
    const box = svg.getBoundingClientRect()
    return [((event.clientX - box.left) / box.width) * W, ((event.clientY - box.top) / box.height) * H]
  }
  let from
  const band = el('rect', { class: 'drag', y: T, height: H - T - B })
  svg.addEventListener('pointerdown', (event) => { from = place(event)[0]; svg.setPointerCapture(event.pointerId) })
  svg.addEventListener('pointermove', (event) => {
    const [px, py] = place(event)
    if (from !== undefined) {
      band.setAttribute('x', Math.min(from, px)); band.setAttribute('width', Math.abs(px - from))
      svg.append(band)
      return
    }
    let best, nearest = 300
    for (const p of shown) {
      const away = (x(p.ms) - px) ** 2 + (y(p) - py) ** 2
      if (away < nearest) { nearest = away; best = p }
    }
    tip.textContent = best ? 'packet ' + best.number + ' at ' + best.ms.toFixed(3) + ' ms: ' + packetText(best) + (best.evidence ? ' (' + best.evidence + ')' : '') : HINT
  })
  svg.addEventListener('pointerup', (event) => {
    const to = place(event)[0], start = from
    from = undefined
    band.remove()
    if (start !== undefined && Math.abs(to - start) > 4) look(msAt(Math.min(start, to)), msAt(Math.max(start, to)))
  })
  svg.addEventListener('pointercancel', () => { from = undefined; band.remove() })
  svg.addEventListener('dblclick', () => look(whole[0], whole[1]))
  svg.addEventListener('wheel', (event) => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.3 : 0.77, msAt(place(event)[0])) }, { passive: false })
  const keys = el('div', { class: 'keys' }, ...LINES.map(([line, text]) => el('span', {},
    el('svg', { viewBox: '0 0 14 12' }, el('path', { class: line, d: mark(line, 7, 6, 4), 'stroke-width': line === 'sent' || line === 'again' ? 7 : 1.5, 'stroke-linecap': 'round' })), text)))
  if (packets.some((p) => p.line !== 'other')) plot.append(svg, keys, buttons, tip)
  else plot.append(el('p', {}, 'No block was sent.'))

  const head = el('h3'), body = el('tbody'), turn = el('div', { class: 'bar-of-buttons' })
  const back = el('button', { type: 'button' }, 'Previous'), next = el('button', { type: 'button' }, 'Next')
  back.addEventListener('click', () => { page--; list() }); next.addEventListener('click', () => { page++; list() })
  turn.append(back, next)
  const box = el('div', { class: 'scroll', tabindex: '0' }, el('table', {}, el('thead', {}, el('tr', {}, ...['packet', 'time', 'since the one before', 'from', 'what', 'bytes', ''].map((text) => el('th', { scope: 'col' }, text)))), body))
  table.append(head, box, turn)
  function list() {
    const first = page * ROWS, some = shown.slice(first, first + ROWS)
    const at = shown.length === 0 ? -1 : packets.indexOf(some[0])
    head.textContent = 'Packets' + (shown.length === packets.length ? '' : ' in view') + ': ' + (some.length === 0 ? 'none' : first + 1 + ' to ' + (first + some.length) + ' of ' + shown.length) + (drawing.seen > packets.length ? ' (' + (drawing.seen - packets.length) + ' more of the transfer are not in this page)' : '')
    back.disabled = page === 0
    next.disabled = first + ROWS >= shown.length
    turn.hidden = shown.length <= ROWS
    const rows = []
    some.forEach((p) => {
      if (p.left > 0) rows.push(el('tr', { class: 'left' }, el('td', { colspan: 7 }, p.left + (p.left === 1 ? ' packet' : ' packets') + ' left out')))
      const before = packets[packets.indexOf(p, Math.max(0, at)) - 1]
      rows.push(el('tr', p.evidence !== undefined || p.number === marked ? { class: 'evidence', 'data-number': p.number } : {},
        el('td', {}, String(p.number)), el('td', {}, p.ms.toFixed(3) + ' ms'), el('td', {}, before === undefined ? '' : (p.ms - before.ms).toFixed(3) + ' ms'),
        el('td', {}, p.client ? 'client' : 'server'), el('td', { class: p.line }, packetText(p)), el('td', {}, p.kind === 3 ? String(p.bytes) : ''), el('td', {}, p.evidence ? 'evidence of ' + p.evidence : '')))
    })
    body.replaceChildren(...rows)
    box.scrollTop = 0
  }

  details.addEventListener('click', (event) => {
    const chip = event.target.closest('.chip')
    if (chip === null) return
    marked = Number(chip.dataset.packet)
    const at = packets.findIndex((p) => p.number === marked)
    if (at === -1) return
    // Some packets on each side, and a little room.
    const a = packets[Math.max(0, at - 12)].ms, b = packets[Math.min(packets.length - 1, at + 12)].ms
    look(a - (b - a) * 0.04, b + (b - a) * 0.04)
    const row = body.querySelector('[data-number="' + marked + '"]')
    if (row !== null) box.scrollTop = row.offsetTop - box.clientHeight / 2
    plot.scrollIntoView({ behavior: 'smooth', block: 'nearest' })
  })
  draw()
}

for (const details of document.querySelectorAll('details[data-drawing]')) {
  let begun = false
  const start = () => {
    if (begun || !details.open) return
    begun = true
    begin(details, data.transfers[Number(details.dataset.drawing)])
  }
  details.addEventListener('toggle', start)
  start()
}
`
