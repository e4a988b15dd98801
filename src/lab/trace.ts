/** What went over a link, as lines that a person can read: for failing tests and their one-line reproductions. */
import { packetText } from '../packet/index.ts'
import type { Frame } from './frame.ts'
import type { LinkTap } from './link.ts'

/** Lines kept; the oldest go first. A stall shows in its last few dozen packets. */
const DEFAULT_MAX_LINES = 200

/**
 * Records both directions of a link. Give `up` and `down` to the links as `tap`. A line is the time in milliseconds, the
 * direction (`>` device to server, `<` server to device), whether it was sent or arrived, and the packet; what was sent
 * and never arrives was lost.
 */
export class Trace {
  readonly up: LinkTap
  readonly down: LinkTap
  readonly #lines: string[] = []
  readonly #maxLines: number

  constructor(maxLines: number = DEFAULT_MAX_LINES) {
    this.#maxLines = maxLines
    this.up = this.#tap('>')
    this.down = this.#tap('<')
  }

  toString(): string {
    return this.#lines.join('\n')
  }

  #tap(arrow: string): LinkTap {
    return {
      sent: (now, frame) => this.#add(`${now.toFixed(3).padStart(12)} ${arrow}  sent    ${textOf(frame)}`),
      arrived: (now, frame) => this.#add(`${now.toFixed(3).padStart(12)}  ${arrow} arrived ${textOf(frame)}`),
    }
  }

  #add(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > this.#maxLines) this.#lines.shift()
  }
}

function textOf({ buffer, offset, length }: Frame): string {
  return packetText(buffer, offset, length)
}
