/** Block over time: what was sent, acknowledged and repeated, with the pauses shaded. Zooms by dragging, by buttons and by keys. */
import { useEffect, useRef, useState } from 'preact/hooks'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useMedia } from '../hooks.ts'
import type { TracePoints } from '../trace-points.ts'

export interface TracePlotProps {
  readonly points: TracePoints
  readonly direction: 'read' | 'write'
  /** What it shows, in words. */
  readonly inWords: string
}

const SERIES = [
  { key: 'sent', color: '--plot-sent', size: 4 },
  { key: 'acknowledged', color: '--plot-ack', size: 4 },
  { key: 'again', color: '--plot-again', size: 6 },
  { key: 'error', color: '--bad', size: 10 },
] as const

const HEIGHT = 280
/** Room on either side of a pause that is zoomed to, as a share of it. */
const MARGIN = 0.2

export function TracePlot({ points, direction, inWords }: TracePlotProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot | undefined>(undefined)
  const latest = useRef(points)
  latest.current = points
  const [zoomed, setZoomed] = useState(false)
  const isZoomed = useRef(false)
  const [nextStall, setNextStall] = useState(0)
  const isDark = useMedia('(prefers-color-scheme: dark)')

  useEffect(() => {
    const element = place.current
    if (element === null) return
    const made = new UPlot(
      optionsOf(element, latest, (value) => zoomChanged(value)),
      dataOf(latest.current),
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [isDark])
  useEffect(() => {
    // A reader who zoomed stays where they are while the transfer goes on.
    plot.current?.setData(dataOf(points), !isZoomed.current)
    if (isZoomed.current) plot.current?.redraw()
  }, [points])

  const zoomChanged = (value: boolean): void => {
    isZoomed.current = value
    setZoomed(value)
  }
  const [first = 0] = points.seconds
  const last = points.seconds[points.seconds.length - 1] ?? first
  const show = (min: number, max: number): void => {
    if (!(max > min)) return
    if (min <= first && max >= last) return whole()
    zoomChanged(true)
    plot.current?.setScale('x', { min, max })
  }
  const whole = (): void => {
    zoomChanged(false)
    plot.current?.setData(dataOf(points), true)
  }
  /** By a factor, and by a share of what is seen to the side. */
  const move = (factor: number, aside: number): void => {
    const { min = first, max = last } = plot.current?.scales.x ?? {}
    const half = ((max - min) * factor) / 2
    const middle = (min + max) / 2 + (max - min) * aside
    show(middle - half, middle + half)
  }
  const toStall = (): void => {
    const stall = points.stalls[nextStall % points.stalls.length]
    const margin = Math.max(0.005, (stall.toSec - stall.fromSec) * MARGIN)
    show(stall.fromSec - margin, stall.toSec + margin)
    setNextStall((nextStall + 1) % points.stalls.length)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const act = KEYS[event.key]
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    if (act === 'whole') whole()
    else move(...act)
  }
  const isRead = direction === 'read'
  return (
    <figure class="plot">
      <figcaption>
        <span class="key sent">{isRead ? 'sent' : 'received'}</span>
        <span class="key ack">acknowledged</span>
        <span class="key again">{isRead ? 'sent again' : 'received again'}</span>
        {points.error.some((one) => one !== null) && <span class="key error">ERROR</span>}
        {points.stalls.length > 0 && <span class="key stall">pause</span>}
      </figcaption>
      {/* Its keys are also buttons below. */}
      <div
        class="canvas"
        ref={place}
        role="img"
        tabIndex={0}
        aria-label={`${inWords} Keys: plus and minus zoom, left and right move, 0 shows everything.`}
        onKeyDown={onKeyDown}
      />
      <div class="tools">
        {points.stalls.length > 0 && (
          <button type="button" class="small" onClick={toStall}>
            {points.stalls.length === 1 ? 'The pause' : `Pause ${nextStall + 1} of ${points.stalls.length}`}
          </button>
        )}
        <button type="button" class="small" onClick={() => move(0.5, 0)}>
          Zoom in
        </button>
        <button type="button" class="small" disabled={!zoomed} onClick={() => move(2, 0)}>
          Zoom out
        </button>
        <button type="button" class="small" disabled={!zoomed} aria-label="Earlier" onClick={() => move(1, -0.4)}>
          ←
        </button>
        <button type="button" class="small" disabled={!zoomed} aria-label="Later" onClick={() => move(1, 0.4)}>
          →
        </button>
        <button type="button" class="small" disabled={!zoomed} onClick={whole}>
          Everything
        </button>
      </div>
    </figure>
  )
}

const KEYS: Readonly<Record<string, readonly [factor: number, aside: number] | 'whole'>> = {
  '+': [0.5, 0],
  '=': [0.5, 0],
  '-': [2, 0],
  ArrowLeft: [1, -0.2],
  ArrowRight: [1, 0.2],
  '0': 'whole',
  Home: 'whole',
}

function dataOf(points: TracePoints): UPlot.AlignedData {
  return [points.seconds, points.sent, points.acknowledged, points.again, points.error]
}

function optionsOf(
  element: HTMLElement,
  latest: { readonly current: TracePoints },
  zoomed: (isZoomed: boolean) => void,
): UPlot.Options {
  const style = getComputedStyle(element)
  const color = (name: string): string => style.getPropertyValue(name).trim()
  const axis = {
    stroke: color('--quiet'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 24, 0, 0],
    legend: { show: false },
    scales: { x: { time: false }, y: { range: (_, min, max) => blockRange(min, max) } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((tick) => `${Number(tick.toFixed(4))} s`), size: 32, space: 84 },
      // Half a block does not exist.
      { ...axis, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : '')), size: 56 },
    ],
    cursor: { drag: { x: true, y: false, dist: 4 }, points: { show: false }, y: false },
    series: [
      {},
      ...SERIES.map(({ color: name, size }) => ({
        paths: () => null,
        stroke: color(name),
        points: { show: true, size, width: 0, fill: color(name), stroke: color(name) },
      })),
    ],
    hooks: {
      drawClear: [(plot) => shadeStalls(plot, latest.current, color('--stall-shade'))],
      setSelect: [(plot) => void (plot.select.width > 0 && zoomed(true))],
    },
    // A double click shows everything again.
    ...({
      plugins: [{ hooks: { ready: (plot: UPlot) => plot.over.addEventListener('dblclick', () => zoomed(false)) } }],
    } satisfies Partial<UPlot.Options>),
  }
}

function blockRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1]
  const margin = Math.max(1, (max - min) * 0.06)
  return [Math.max(0, min - margin), max + margin]
}

function shadeStalls(plot: UPlot, { stalls }: TracePoints, color: string): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.fillStyle = color
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const { fromSec, toSec } of stalls) {
    const left = plot.valToPos(fromSec, 'x', true)
    ctx.fillRect(left, bbox.top, Math.max(1, plot.valToPos(toSec, 'x', true) - left), bbox.height)
  }
  ctx.restore()
}
