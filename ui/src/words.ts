/** What happened, in words. */
import type { Ended } from './ended.ts'
import type { News } from './live.ts'
export { sentence } from '../../src/cli/render/sentence.ts'
import { countText, durationText, rateText, sizeText } from './units.ts'
import { visible } from './visible.ts'
import type { TransferView } from './wire.ts'

export type Tone = 'good' | 'careful' | 'bad' | 'calm'

/** 0 to 1; undefined while the size is not known. */
export function shareOf({ bytes, sizeBytes }: { bytes: number; sizeBytes?: number | undefined }): number | undefined {
  if (sizeBytes === undefined) return undefined
  return sizeBytes === 0 ? 1 : Math.min(1, bytes / sizeBytes)
}

/** Time left at the present rate; undefined where that says nothing. */
export function leftMs({ state, bytes, sizeBytes, rateBytesPerSec }: TransferView): number | undefined {
  if (state !== 'running' || sizeBytes === undefined || rateBytesPerSec <= 0) return undefined
  return (Math.max(0, sizeBytes - bytes) * 1000) / rateBytesPerSec
}

/** 12 s, 3 min: as exact as such a guess is. */
export function leftText(ms: number | undefined): string {
  if (ms === undefined) return '–'
  const seconds = Math.ceil(ms / 1000)
  if (seconds <= 1) return '1 s left'
  if (seconds < 100) return `${seconds} s left`
  const minutes = Math.round(seconds / 60)
  return minutes < 100 ? `${minutes} min left` : `${Math.round(minutes / 60)} h left`
}

export function agoText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min ago`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h ago` : `${Math.round(hours / 24)} days ago`
}

/** 27 Nov 2026, 18:05:09 in the zone of this machine. */
export function whenText(ms: number): string {
  // Made when it is first needed: it takes a slow machine a while.
  whenFormat ??= new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
  return whenFormat.format(ms)
}

let whenFormat: Intl.DateTimeFormat | undefined

export function stateWord({ state }: TransferView): string {
  return state === 'requested' ? 'asked' : state
}

export function outcomeWord({ outcome, lastAck }: Pick<Ended, 'outcome' | 'lastAck'>): string {
  if (lastAck === 'missing') return 'probably complete'
  if (outcome === 'superseded') return 'began anew'
  return outcome === 'probed' ? 'asked for the size' : outcome
}

export function outcomeTone({ outcome, lastAck }: Pick<Ended, 'outcome' | 'lastAck'>): Tone {
  if (outcome === 'failed' || outcome === 'refused') return 'bad'
  if (outcome === 'superseded' || lastAck === 'missing') return 'careful'
  return outcome === 'completed' ? 'good' : 'calm'
}

/** Figures of a transfer that is over, in one line. */
export function figuresText(ended: Ended): string {
  const { bytes, sizeBytes, ms, retransmitted, stalls = 0, direction } = ended
  const size =
    sizeBytes === undefined || sizeBytes === bytes ? sizeText(bytes) : `${sizeText(bytes)} of ${sizeText(sizeBytes)}`
  const parts = [`${size} in ${durationText(ms)}`]
  if (bytes > 0 && ms > 0) parts.push(rateText((bytes * 1000) / ms))
  if (retransmitted > 0) parts.push(`${retransmitted} ${direction === 'read' ? 'sent again' : 'received again'}`)
  if (stalls > 0) parts.push(`stood still ${countText(stalls, 'time')}`)
  return parts.join(' · ')
}

/** What U-Boot compares: its `crc32` counts in hexadecimal. LOADADDR is the address that `tftpboot` was given. */
export function uBootLine(sizeBytes: number): string {
  return `crc32 LOADADDR ${sizeBytes.toString(16)}`
}

/** One sentence for a screen reader; '' when there is nothing to say. Many at once become numbers. */
export function newsText({ begun, stalled, cured, ended }: News): string {
  const MOST_NAMED = 3
  if (begun.length + stalled.length + cured.length + ended.length > MOST_NAMED) {
    const [failed, refused] = ['failed', 'refused'].map((end) => ended.filter(({ outcome }) => outcome === end).length)
    return [
      ...(begun.length > 0 ? [`${countText(begun.length, 'transfer')} began`] : []),
      ...(stalled.length > 0 ? [`${stalled.length} stalled`] : []),
      ...(ended.length > 0 ? [`${ended.length} ended, ${failed} of them failed`] : []),
      ...(refused > 0 ? [`${refused} were refused`] : []),
    ].join(', ')
  }
  return [
    ...begun.map((view) => `${view.client} ${view.direction === 'read' ? 'asks for' : 'stores'} ${visible(view.file)}`),
    ...stalled.map((view) => `${view.client} stands still`),
    ...cured.map((view) => `${view.client} goes on`),
    ...ended.map((one) => `${one.client}: ${visible(one.file)} ${outcomeWord(one)}`),
  ].join('. ')
}
