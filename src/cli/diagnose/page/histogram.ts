/** The histogram of acknowledgement latencies, as SVG. */
import { countText } from '../../render/units.ts'
import { spanText } from '../words.ts'
import type { Latencies } from './latency.ts'

const WIDTH = 620
const HEIGHT = 200
const LEFT = 12
const RIGHT = 12
/** Room for the number above the highest bar. */
const TOP = 22
const BOTTOM = 30
/** Labels below the bars that do not touch each other. */
const MAX_LABELS = 8

export function histogram({ bars, medianMs, mostMs, count }: Latencies): string {
  const most = Math.max(...bars.map((bar) => bar.count))
  // One slow block among thousands must be seen: heights are square roots.
  const y = (n: number): number => HEIGHT - BOTTOM - Math.sqrt(n / most) * (HEIGHT - TOP - BOTTOM)
  const step = (WIDTH - LEFT - RIGHT) / bars.length
  const every = Math.ceil(bars.length / MAX_LABELS)
  const drawn = bars.map((bar, i) => {
    const x = LEFT + i * step
    const label =
      i % every === 0
        ? `<text x="${px(x)}" y="${HEIGHT - BOTTOM + 16}" class="edge">${spanText(bar.fromMs)}</text>`
        : ''
    if (bar.count === 0) return label
    const title = `<title>${countText(bar.count, 'block')} from ${spanText(bar.fromMs)} to ${spanText(bar.toMs)}</title>`
    const value =
      step > 22 ? `<text x="${px(x + step / 2)}" y="${px(y(bar.count) - 4)}" class="value">${bar.count}</text>` : ''
    return `<rect class="bar" x="${px(x + 1)}" y="${px(y(bar.count))}" width="${px(step - 2)}" height="${px(Math.max(1, HEIGHT - BOTTOM - y(bar.count)))}">${title}</rect>${value}${label}`
  })
  return `<svg class="histogram" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="acknowledgement latencies">
<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}"/>
${drawn.join('\n')}
</svg>
<p class="tip">${countText(count, 'block')} sent once and acknowledged; median ${spanText(medianMs)}, longest ${spanText(mostMs)}. Heights are square roots, so that one slow block shows.</p>`
}

function px(value: number): string {
  return value.toFixed(1)
}
