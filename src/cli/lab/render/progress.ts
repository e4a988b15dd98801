/** How far a long computation is, and how long still. On a terminal one line redrawn in place; elsewhere now and then one. */
import type { Output } from '../../render/board.ts'
import { durationText } from '../../render/units.ts'

/** What will be over sooner than this needs no bar. */
const SHORT_MS = 2000
/** An estimate from less than this is noise. */
const SETTLE_MS = 300
const REDRAW_MS = 100
const PLAIN_EVERY_MS = 5000
const BAR_COLUMNS = 30

export class CountProgress {
  readonly #output: Output
  readonly #now: () => number
  readonly #what: string
  readonly #startedAt: number
  #drawnAt = -Infinity
  #drawn = false

  /** `what` is counted, in the plural: `boots`. */
  constructor(output: Output, now: () => number, what: string) {
    this.#output = output
    this.#now = now
    this.#what = what
    this.#startedAt = now()
    this.#drawnAt = this.#startedAt
  }

  update(done: number, total: number): void {
    const now = this.#now()
    const elapsedMs = now - this.#startedAt
    const everyMs = this.#output.isTTY ? REDRAW_MS : PLAIN_EVERY_MS
    if (done === 0 || elapsedMs < SETTLE_MS || now - this.#drawnAt < everyMs) return
    const totalMs = (elapsedMs * total) / done
    if (totalMs < SHORT_MS) return
    this.#drawnAt = now
    const line = countLine(done, total, this.#what, totalMs - elapsedMs, this.#output.isTTY)
    if (!this.#output.isTTY) return this.#output.write(`${line}\n`)
    this.#drawn = true
    this.#output.write(`\r\x1b[K${line.slice(0, Math.max(0, this.#output.columns - 1))}`)
  }

  /** Takes the line away. */
  close(): void {
    if (this.#drawn) this.#output.write('\r\x1b[K')
    this.#drawn = false
  }
}

/** `[####----]  45 %  180 of 400 boots, 12.0 s left`. */
export function countLine(done: number, total: number, what: string, leftMs: number, bar: boolean): string {
  const share = total === 0 ? 1 : done / total
  const filled = Math.floor(share * BAR_COLUMNS)
  const drawn = bar ? `[${'#'.repeat(filled)}${'-'.repeat(BAR_COLUMNS - filled)}] ` : ''
  return `${drawn}${`${Math.floor(share * 100)} %`.padStart(5)}  ${done} of ${total} ${what}, ${durationText(leftMs)} left`
}
