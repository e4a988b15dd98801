/** The packets of a transfer as a plot in characters: block over time. */
import type { StoredTransfer } from '../history/reader.ts'
import { seqNear } from '../packet/index.ts'
import type { TraceEntry } from '../transfer/trace.ts'
import type { Style } from './render/style.ts'
import { durationText } from './render/units.ts'

const ROWS = 16
const MAX_COLUMNS = 110
/** Between two times below the plot. */
const TICK_COLUMNS = 16
/** Where this share of the packets takes less than this share of the time, the rest is silence and a packet a second. */
const CROWD_PACKETS = 0.75
const CROWD_TIME = 0.1

type Mark = 'data' | 'ack' | 'again' | 'error'

/** A packet at its place. `seq` counts blocks without bound. */
interface Point {
  readonly mark: Mark
  readonly seq: number
  /** Of its entry in the trace. */
  readonly index: number
}

/** What covers what where several packets share a cell. */
const MARKS: readonly { readonly mark: Mark; readonly sign: string }[] = [
  { mark: 'error', sign: 'E' },
  { mark: 'again', sign: '#' },
  { mark: 'ack', sign: 'o' },
  { mark: 'data', sign: '.' },
]

export function tracePlot(
  trace: readonly TraceEntry[],
  { direction, blocks, optionsAgreed }: Pick<StoredTransfer, 'direction' | 'blocks' | 'optionsAgreed'>,
  columns: number,
  style: Style,
): string[] {
  const points = pointsOf(trace, direction, blocks, /\brollover=1\b/.test(optionsAgreed) ? 1 : 0)
  if (points.length === 0) return [style.dim('no block was sent or acknowledged')]
  const seqs = points.map(({ seq }) => seq)
  const [low, high] = [least(seqs), most(seqs)]
  const labelColumns = String(high).length + 2
  const width = Math.max(TICK_COLUMNS, Math.min(MAX_COLUMNS, columns) - labelColumns - 1)
  const axis = axisOf(trace, width)
  const cells = Array.from({ length: ROWS }, () => Array.from({ length: width }, () => MARKS.length))
  for (const { mark, seq, index } of points) {
    const row = high === low ? ROWS - 1 : Math.round(((high - seq) * (ROWS - 1)) / (high - low))
    const line = cells[row]
    line[axis.at[index]] = Math.min(
      line[axis.at[index]],
      MARKS.findIndex((one) => one.mark === mark),
    )
  }
  const lines = cells.map((line, row) => {
    const label = row === 0 ? String(high) : row === ROWS - 1 ? String(low) : ''
    return `${style.dim(label.padStart(labelColumns - 1))} ${style.dim('|')}${line.map((cell) => paint(cell, style)).join('')}`
  })
  const [verb, again] = direction === 'read' ? ['sent', 'sent again'] : ['received', 'received again']
  return [
    `${style.strong('block over time')}  ${paint(3, style)} ${verb}  ${paint(2, style)} acknowledged  ${paint(1, style)} ${again}  ${paint(0, style)} ERROR`,
    ...lines.map((line) => line.trimEnd()),
    style.dim(`${' '.repeat(labelColumns)}+${'-'.repeat(width)}`),
    style.dim(`${' '.repeat(labelColumns + 1)}${ticks(trace, axis.at, width)}`.trimEnd()),
    ...(axis.isOrder
      ? [
          style.dim(
            `${' '.repeat(labelColumns + 1)}a column is a number of packets, not a time: most of them came at once`,
          ),
        ]
      : []),
  ]
}

interface Axis {
  /** The column of each entry. */
  readonly at: readonly number[]
  /** Packets stand in their order, each as wide as the others. */
  readonly isOrder: boolean
}

/** By time; by order where most packets would share a few columns. */
function axisOf(trace: readonly TraceEntry[], width: number): Axis {
  const first = trace[0].ms
  const span = trace[trace.length - 1].ms - first
  const byOrder = trace.map((_, index) => Math.floor((index * width) / trace.length))
  if (span === 0) return { at: byOrder, isOrder: true }
  const byTime = trace.map(({ ms }) => Math.min(width - 1, Math.floor(((ms - first) * width) / span)))
  const together = Math.ceil(trace.length * CROWD_PACKETS)
  const isOrder = trace.some((entry, index) => {
    const end = trace[index + together - 1]
    return end !== undefined && end.ms - entry.ms < span * CROWD_TIME
  })
  return isOrder ? { at: byOrder, isOrder } : { at: byTime, isOrder }
}

/** Times at regular columns, each that of the first packet there or behind it. */
function ticks(trace: readonly TraceEntry[], at: readonly number[], width: number): string {
  let text = ''
  for (let column = 0; column < width; column += TICK_COLUMNS) {
    const index = at.findIndex((place) => place >= column)
    const label = index === -1 ? '' : durationText(trace[index].ms)
    text += label.length >= TICK_COLUMNS ? `${label.slice(0, TICK_COLUMNS - 1)} ` : label.padEnd(TICK_COLUMNS)
  }
  return text
}

function pointsOf(trace: readonly TraceEntry[], direction: 'read' | 'write', blocks: number, rollover: 0 | 1): Point[] {
  const points: Point[] = []
  const isRead = direction === 'read'
  let highest = firstSeq(trace, isRead, blocks, rollover)
  let from = 0
  for (const [index, { kind, number, sent }] of trace.entries()) {
    const add = (mark: Mark, seq: number): void => void points.push({ mark, seq, index })
    if (kind === 'error') add('error', highest)
    if (kind === 'ack' && sent !== isRead) add('ack', seqNear(number, highest, rollover))
    if ((kind !== 'data' && kind !== 'through') || sent !== isRead) continue
    const seq = isRead ? number : seqNear(number, highest, rollover)
    for (let one = kind === 'through' ? from + 1 : seq; one <= seq; one++) {
      add(one <= highest ? 'again' : 'data', one)
      highest = Math.max(highest, one)
    }
    from = seq
  }
  return points
}

/** The block before the first that the trace shows: the oldest packets of a long transfer are not kept. */
function firstSeq(trace: readonly TraceEntry[], isRead: boolean, blocks: number, rollover: 0 | 1): number {
  const first = trace.find(({ kind, sent }) => kind === 'data' && sent === isRead)
  if (first === undefined) return 0
  return Math.max(0, (isRead ? first.number : seqNear(first.number, blocks, rollover)) - 1)
}

function paint(cell: number, style: Style): string {
  const known = MARKS[cell]
  if (known === undefined) return ' '
  switch (known.mark) {
    case 'error':
      return style.bad(known.sign)
    case 'again':
      return style.careful(known.sign)
    case 'ack':
      return style.good(known.sign)
    case 'data':
      return known.sign
  }
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b))
}

function most(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b))
}
