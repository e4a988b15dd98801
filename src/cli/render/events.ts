/** Where a server's events go: JSON lines for programs, or lines and bars for people. */
import { escapeText } from '../../packet/index.ts'
import type { ServerEvent } from '../../server/server.ts'
import { Board } from './board.ts'
import { jsonLine } from './json.ts'
import type { StreamOutput } from './output.ts'
import { eventLine, name } from './pretty.ts'
import { styleFor } from './style.ts'

export interface EventPrinter {
  event(event: ServerEvent): void
  /** Lines for people; a program that reads JSON does not get them. */
  say(...lines: readonly string[]): void
  close(): void
}

export function jsonPrinter(output: StreamOutput): EventPrinter {
  return {
    event: (event) => output.write(`${jsonLine(event)}\n`),
    say: () => {},
    close: () => {},
  }
}

/** Events that end a transfer, and its bar. */
const LAST = new Set(['refused', 'probed', 'superseded', 'completed', 'failed'])

export function prettyPrinter(output: StreamOutput, now: () => number): EventPrinter {
  const style = styleFor(output.stream)
  const board = new Board(output, now)
  return {
    event(event) {
      if (event.event !== 'listening' && event.event !== 'notice') {
        const key = String(event.id)
        if (LAST.has(event.event)) board.remove(key)
        else if (event.event !== 'requested') {
          board.update(key, `${escapeText(event.client)} ${name(event)}`, event.bytes, event.sizeBytes)
        }
      }
      const line = eventLine(event, style)
      if (line !== '') board.line(line)
    },
    say: (...lines) => board.line(...lines),
    close: () => board.close(),
  }
}
