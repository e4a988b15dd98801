/**
 * Lines that scroll, and below them the progress of everything that runs. On a terminal the progress is bars redrawn
 * in place; elsewhere it is a plain line now and then, without any escape code.
 */
import { barLine, plainLine, RateMeter } from './progress.ts'

/** What the board needs of a stream; `broken` once its reader is gone. */
export interface Output {
  readonly isTTY: boolean
  readonly columns: number
  readonly rows: number
  write(text: string): void
}

const REDRAW_MS = 100
/** Without a terminal the source is read this often. */
const READ_MS = 1000
/** Without a terminal, one line per transfer in this time. */
const PLAIN_EVERY_MS = 5000
/** More bars than this say less, not more. */
const MAX_BARS = 12

/** What runs, and how far it is. */
export interface Shown {
  /** Stays the same while it runs. */
  readonly key: string
  /** Who and what, escaped already. */
  readonly label: string
  readonly bytes: number
  readonly sizeBytes: number | undefined
}

interface Entry {
  label: string
  bytes: number
  sizeBytes: number | undefined
  readonly meter: RateMeter
  plainAt: number
}

export class Board {
  /** Where it is read what runs; without it `update` and `remove` say so. */
  source: (() => readonly Shown[]) | undefined
  readonly #output: Output
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  #drawnLines = 0
  #timer: NodeJS.Timeout | undefined

  constructor(output: Output, now: () => number) {
    this.#output = output
    this.#now = now
  }

  /** Prints lines above the bars. */
  line(...texts: readonly string[]): void {
    const text = texts.map((one) => `${one}\n`).join('')
    if (this.#drawnLines === 0) this.#output.write(text)
    else {
      this.#output.write(`${this.#erase()}${text}`)
      this.#draw()
    }
  }

  /** `label` and what it has moved so far; the board works out the rate and the time left. */
  update(key: string, label: string, bytes: number, sizeBytes: number | undefined): void {
    const now = this.#now()
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { label, bytes, sizeBytes, meter: new RateMeter(now, bytes), plainAt: now }
      this.#entries.set(key, entry)
    }
    entry.label = label
    entry.bytes = bytes
    entry.sizeBytes = sizeBytes
    entry.meter.update(now, bytes)
    if (this.#output.isTTY) this.#timer ??= setInterval(() => this.#redraw(), REDRAW_MS).unref()
    else if (now - entry.plainAt >= PLAIN_EVERY_MS) {
      entry.plainAt = now
      this.#output.write(`${plainLine({ ...entry, bytesPerSec: entry.meter.bytesPerSec })}\n`)
    }
  }

  /** Something happened: the bars follow the source from now on, until nothing runs any more. */
  refresh(): void {
    if (this.source === undefined) return
    this.#timer ??= setInterval(() => this.#read(), this.#output.isTTY ? REDRAW_MS : READ_MS).unref()
  }

  /** The transfer is over: its bar goes. */
  remove(key: string): void {
    if (!this.#entries.delete(key)) return
    if (this.#drawnLines > 0) this.#redraw()
    if (this.#entries.size === 0) this.close()
  }

  /** Takes the bars away and stops redrawing. */
  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#entries.clear()
    if (this.#drawnLines > 0) this.#output.write(this.#erase())
  }

  #read(): void {
    const shown = this.source?.() ?? []
    const keys = new Set(shown.map(({ key }) => key))
    for (const key of this.#entries.keys()) if (!keys.has(key)) this.#entries.delete(key)
    for (const { key, label, bytes, sizeBytes } of shown) this.update(key, label, bytes, sizeBytes)
    if (this.#output.isTTY) this.#redraw()
    if (shown.length === 0) this.close()
  }

  #redraw(): void {
    if (this.#drawnLines > 0) this.#output.write(this.#erase())
    this.#draw()
  }

  #draw(): void {
    const room = Math.max(1, Math.min(MAX_BARS, this.#output.rows - 2))
    const lines: string[] = []
    for (const entry of this.#entries.values()) {
      if (lines.length === room) break
      lines.push(barLine({ ...entry, bytesPerSec: entry.meter.bytesPerSec }, this.#output.columns - 1))
    }
    const hidden = this.#entries.size - lines.length
    if (hidden > 0) lines.push(`and ${hidden} more`)
    this.#drawnLines = lines.length
    // Wrapping is off meanwhile: a line with wide characters must not take two rows, or erasing would miss one.
    if (lines.length > 0) this.#output.write(`\x1b[?7l${lines.join('\n')}\n\x1b[?7h`)
  }

  /** Moves to the first bar and clears from there. */
  #erase(): string {
    const up = this.#drawnLines
    this.#drawnLines = 0
    return `\x1b[${up}A\r\x1b[J`
  }
}
