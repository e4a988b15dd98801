/** The sequence diagram of the place where a transfer went wrong, as SVG: time runs down, an arrow is a packet. */
import { type CapturedPackets, type CapturedTransfer, PACKET_FLAG } from '../../../capture/index.ts'
import { countText } from '../../render/units.ts'
import { packetText, spanText } from '../words.ts'
import { html } from './escape.ts'

/** Arrows that fit a screen. */
const MAX_ARROWS = 24
const BEFORE = 4
/** A silence is drawn as one where it is this many times the usual time between two packets, and this long. */
const SILENCE_USUAL = 20
const SILENCE_LEAST_MS = 20

const WIDTH = 640
const LEFT_X = 150
const RIGHT_X = 500
const ROW_PX = 26
const SILENCE_PX = 40
const HEAD_PX = 34

/** `marked`: frames that are evidence of the likeliest cause; the diagram shows the place of the first of them, else of the longest silence. */
export function ladder({ packets, client, server }: CapturedTransfer, marked: readonly number[]): string {
  if (packets.length === 0) return ''
  const { from, to } = part(packets, marked)
  const usual = usualGapMs(packets)
  const lines: string[] = []
  let y = HEAD_PX
  if (from > 0) {
    lines.push(note(y + 10, `${countText(from, 'packet')} before`))
    y += ROW_PX
  }
  for (let i = from; i < to; i++) {
    const gapMs = i === 0 ? 0 : packets.timeMs(i) - packets.timeMs(i - 1)
    const left = packets.thinnedBefore(i)
    const isPause = i > from && (left > 0 || (gapMs > SILENCE_LEAST_MS && gapMs > SILENCE_USUAL * usual))
    if (isPause) {
      lines.push(silence(y, left > 0 ? `${countText(left, 'packet')} left out` : `${spanText(gapMs)} of silence`))
      y += SILENCE_PX
    }
    // Times that differ by microseconds look the same: behind the first packet, and behind a silence, the step tells more.
    const time = i === from || isPause || gapMs < 0 ? spanText(packets.timeMs(i)) : `+${spanText(gapMs)}`
    lines.push(arrow(packets, i, y, marked.includes(packets.number(i)), time))
    y += ROW_PX
  }
  if (to < packets.length) {
    lines.push(note(y + 14, `${countText(packets.length - to, 'packet')} after`))
    y += ROW_PX
  }
  const label = (x: number, name: string, address: string): string =>
    `<text x="${x}" y="13" class="who">${name}</text><text x="${x}" y="27">${html(address)}</text>`
  return `<svg class="ladder" viewBox="0 0 ${WIDTH} ${y + 6}" role="img" aria-label="sequence of packets">
${label(LEFT_X, 'client', client.address)}${label(RIGHT_X, 'server', server.address)}
<line class="life" x1="${LEFT_X}" x2="${LEFT_X}" y1="${HEAD_PX}" y2="${y}"/><line class="life" x1="${RIGHT_X}" x2="${RIGHT_X}" y1="${HEAD_PX}" y2="${y}"/>
${lines.join('\n')}
</svg>`
}

function part(packets: CapturedPackets, marked: readonly number[]): { from: number; to: number } {
  const at = marked.map((number) => indexOf(packets, number)).filter((i) => i !== -1)
  const first = at.length > 0 ? Math.min(...at) : longestSilence(packets)
  const from = Math.max(0, Math.min(first - BEFORE, packets.length - MAX_ARROWS))
  return { from, to: Math.min(packets.length, from + MAX_ARROWS) }
}

/** The packet that follows the longest silence. */
function longestSilence(packets: CapturedPackets): number {
  let longest = 0
  for (let i = 1; i < packets.length; i++) {
    const gap = packets.timeMs(i) - packets.timeMs(i - 1)
    if (gap > packets.timeMs(longest) - (longest === 0 ? packets.timeMs(0) : packets.timeMs(longest - 1))) longest = i
  }
  return longest
}

function indexOf(packets: CapturedPackets, number: number): number {
  for (let i = 0; i < packets.length; i++) if (packets.number(i) === number) return i
  return -1
}

function usualGapMs(packets: CapturedPackets): number {
  const gaps: number[] = []
  for (let i = 1; i < packets.length; i++) gaps.push(packets.timeMs(i) - packets.timeMs(i - 1))
  return gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? 0
}

function arrow(packets: CapturedPackets, i: number, top: number, isMarked: boolean, time: string): string {
  const fromClient = packets.fromClient(i)
  const again = (packets.flags(i) & PACKET_FLAG.repeat) !== 0
  const kind = packets.kind(i)
  const tone = kind === 'data' ? (again ? 'again' : 'sent') : kind === 'ack' ? (again ? 'again' : 'acked') : 'plain'
  const [x1, x2] = fromClient ? [LEFT_X, RIGHT_X] : [RIGHT_X, LEFT_X]
  const y = top + 17
  const tip = fromClient ? -8 : 8
  const band = isMarked ? `<rect class="marked" x="0" y="${top + 1}" width="${WIDTH}" height="${ROW_PX - 2}"/>` : ''
  return `${band}<g class="${tone}"><line x1="${x1}" x2="${x2}" y1="${y}" y2="${y}"/><path d="M${x2} ${y}l${tip} -4v8z"/></g>
<text x="${(LEFT_X + RIGHT_X) / 2}" y="${y - 5}">${html(packetText(packets, i))}</text>
<text x="${LEFT_X - 14}" y="${y + 4}" class="time">${time}</text><text x="${RIGHT_X + 14}" y="${y + 4}" class="number">packet ${packets.number(i)}</text>`
}

function silence(y: number, text: string): string {
  const wave = (x: number): string => `<line class="gap" x1="${x}" x2="${x}" y1="${y + 4}" y2="${y + SILENCE_PX - 4}"/>`
  return `${wave(LEFT_X)}${wave(RIGHT_X)}<text x="${(LEFT_X + RIGHT_X) / 2}" y="${y + SILENCE_PX / 2 + 4}" class="pause">${text}</text>`
}

function note(y: number, text: string): string {
  return `<text x="${(LEFT_X + RIGHT_X) / 2}" y="${y}" class="pause">${text}</text>`
}
