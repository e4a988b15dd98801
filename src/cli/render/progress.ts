/** One transfer's progress: how fast lately, how long still, and a bar of it. */
import { durationText, rateText, sizeText } from './units.ts'

/** Weight of the past falls to 1/e in this time: steady enough to read, quick enough to show a stall. */
const MEMORY_MS = 2000
/** Rates over a shorter time are noise. */
const SETTLE_MS = 250

/** Bytes per second of late, from totals at given times. */
export class RateMeter {
  bytesPerSec = 0
  readonly #startAt: number
  readonly #startBytes: number
  #at: number
  #bytes: number

  constructor(now: number, bytes: number) {
    this.#startAt = now
    this.#startBytes = bytes
    this.#at = now
    this.#bytes = bytes
  }

  update(now: number, bytes: number): void {
    const elapsedMs = now - this.#at
    if (elapsedMs < SETTLE_MS && this.#at !== this.#startAt) return
    if (elapsedMs <= 0) return
    const late = ((bytes - this.#bytes) * 1000) / elapsedMs
    const weight = 1 - Math.exp(-elapsedMs / MEMORY_MS)
    // Until the memory is full the plain average is the better guess.
    if (now - this.#startAt < MEMORY_MS) this.bytesPerSec = ((bytes - this.#startBytes) * 1000) / (now - this.#startAt)
    else this.bytesPerSec += (late - this.bytesPerSec) * weight
    this.#at = now
    this.#bytes = bytes
  }
}

export interface Progress {
  /** Who and what, escaped already. */
  readonly label: string
  readonly bytes: number
  /** Unknown when the peer does not say. */
  readonly sizeBytes: number | undefined
  readonly bytesPerSec: number
}

/** Time left in ms; undefined when the size or the rate is unknown. */
export function timeLeftMs(progress: Progress): number | undefined {
  const { sizeBytes, bytes, bytesPerSec } = progress
  if (sizeBytes === undefined || bytesPerSec <= 0) return undefined
  return (Math.max(0, sizeBytes - bytes) * 1000) / bytesPerSec
}

/** `label  [####----]  45 %  3.40 MB/s  1.20 s left`, cut or filled to `columns`. */
export function barLine(progress: Progress, columns: number): string {
  const figures = figuresOf(progress)
  const barColumns = Math.min(30, columns - figures.length - MIN_LABEL_COLUMNS)
  const bar = barColumns < 8 ? '' : `${drawBar(progress, barColumns)} `
  const labelColumns = Math.max(0, columns - figures.length - bar.length - 1)
  return `${fit(progress.label, labelColumns)} ${bar}${figures}`.slice(0, Math.max(0, columns))
}

/** The same without a bar, for logs: `label: 45 %, 3.50 MB of 7.75 MB, 3.40 MB/s, 1.20 s left`. */
export function plainLine(progress: Progress): string {
  const { bytes, sizeBytes } = progress
  const done =
    sizeBytes === undefined ? sizeText(bytes) : `${percent(progress)} %, ${sizeText(bytes)} of ${sizeText(sizeBytes)}`
  const left = timeLeftMs(progress)
  return `${progress.label}: ${done}, ${rateText(progress.bytesPerSec)}${left === undefined ? '' : `, ${durationText(left)} left`}`
}

const MIN_LABEL_COLUMNS = 24

function figuresOf(progress: Progress): string {
  const share = progress.sizeBytes === undefined ? sizeText(progress.bytes) : `${percent(progress)} %`
  const left = timeLeftMs(progress)
  const leftText = left === undefined ? '' : `${durationText(left)} left`
  // Every field has its width, so that nothing jumps while the figures change.
  return `${share.padStart(6)} ${rateText(progress.bytesPerSec).padStart(9)} ${leftText.padStart(17)}`
}

function percent({ bytes, sizeBytes }: Progress): number {
  return sizeBytes === undefined || sizeBytes === 0 ? 100 : Math.min(100, Math.floor((bytes * 100) / sizeBytes))
}

function drawBar(progress: Progress, columns: number): string {
  const inner = columns - 2
  const filled = progress.sizeBytes === undefined ? 0 : Math.floor((percent(progress) * inner) / 100)
  return `[${'#'.repeat(filled)}${'-'.repeat(inner - filled)}]`
}

function fit(text: string, columns: number): string {
  return text.length <= columns ? text.padEnd(columns) : `${text.slice(0, Math.max(0, columns - 1))}…`
}
