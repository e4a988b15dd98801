/** Where a server's events go: JSON lines for programs, or lines and bars for people. */
import { escapeText } from '../../packet/index.ts'
import { type EventLevel, isTransferEvent, type ServerEvent, type TransferSnapshot } from '../../server/contract.ts'
import { includes, levelOf } from '../../server/level.ts'
import { Board } from './board.ts'
import { jsonLine } from './json.ts'
import type { StreamOutput } from './output.ts'
import { eventLine, name } from './pretty.ts'
import { styleFor } from './style.ts'

export interface EventPrinter {
  event(event: ServerEvent): void
  /** Where the progress of what runs is read from. */
  watch(transfers: () => readonly TransferSnapshot[]): void
  /** Lines for people; a program that reads JSON does not get them. */
  say(...lines: readonly string[]): void
  close(): void
}

/** `printer` for events down to `level`. Below `info` it prints events only: no other lines, and no bars. */
export function atLevel(level: EventLevel, printer: EventPrinter): EventPrinter {
  const isWatched = includes(level, 'info')
  return {
    event(event) {
      if (includes(level, levelOf(event))) printer.event(event)
    },
    watch(transfers) {
      if (isWatched) printer.watch(transfers)
    },
    say(...lines) {
      if (isWatched) printer.say(...lines)
    },
    close: () => printer.close(),
  }
}

export function jsonPrinter(output: StreamOutput): EventPrinter {
  return {
    event: (event) => output.write(`${jsonLine(event)}\n`),
    watch: () => {},
    say: () => {},
    close: () => {},
  }
}

export function prettyPrinter(output: StreamOutput, now: () => number): EventPrinter {
  const style = styleFor(output.stream)
  const board = new Board(output, now)
  return {
    event(event) {
      const line = eventLine(event, style)
      if (line !== '') board.line(line)
      if (isTransferEvent(event)) board.refresh()
    },
    watch(transfers) {
      board.source = () =>
        transfers()
          .filter(({ state }) => state !== 'requested')
          .map((one) => ({
            key: String(one.id),
            label: `${escapeText(one.client)} ${name(one)}`,
            bytes: one.bytes,
            sizeBytes: one.sizeBytes,
          }))
    },
    say: (...lines) => board.line(...lines),
    close: () => board.close(),
  }
}
