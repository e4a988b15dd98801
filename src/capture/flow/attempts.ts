/** Which transfer a device tried before: the last one of the same address, direction and file. */
import type { Flow } from './flow.ts'

/** Devices and files that are remembered, the latest. */
const MAX_REMEMBERED = 8192

/** A transfer as a later one of the same device sees it. */
export interface Attempt {
  readonly id: number
  /** When its client sent its last packet, since the epoch. */
  lastClientSeconds: number
  /** When its client first asked for the file anew, since the epoch. */
  againSeconds: number | undefined
}

export interface Tries {
  readonly attempt: Attempt
  readonly before: Attempt | undefined
}

export class Attempts {
  readonly #last = new Map<string, Attempt>()

  /** `flow` begins with a request; `before` is the attempt before it. */
  begin(flow: Flow): Tries {
    const { kind, filename } = flow.request?.seen ?? { kind: '', filename: '' }
    const key = `${kind} ${flow.client.text} ${filename}`
    const before = this.#last.get(key)
    const attempt = { id: flow.id, lastClientSeconds: flow.seconds, againSeconds: undefined }
    if (before !== undefined) before.againSeconds ??= flow.seconds + flow.nanos / 1e9
    // Set anew it is the youngest.
    this.#last.delete(key)
    this.#last.set(key, attempt)
    if (this.#last.size > MAX_REMEMBERED) this.#last.delete(this.#last.keys().next().value as string)
    return { attempt, before }
  }
}
