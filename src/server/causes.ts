/** Holds back the event of a transfer that stalled or failed until its cause is known, and later events of the same transfer behind it. */
import { Diagnoser } from './diagnoser.ts'
import type { Evidence } from './evidence.ts'
import type { EventReport } from './protocol.ts'

export class Causes {
  readonly #pass: (held: EventReport) => void
  readonly #diagnoser: Pick<Diagnoser, 'diagnose' | 'close'>
  /** What waits behind a diagnosis, by the id of the transfer. */
  readonly #behind = new Map<number, EventReport[]>()
  #quiet: PromiseWithResolvers<void> | undefined

  /** `pass` gets each event, with its cause where one was found. */
  constructor(pass: (held: EventReport) => void, diagnoser: Pick<Diagnoser, 'diagnose' | 'close'> = new Diagnoser()) {
    this.#pass = pass
    this.#diagnoser = diagnoser
  }

  add(held: EventReport): void {
    const { id } = held.event
    const behind = this.#behind.get(id)
    if (behind !== undefined) behind.push(held)
    else if (held.evidence === undefined || held.evidence.isClear) this.#pass(held)
    else this.#diagnose(held, held.evidence)
  }

  /** Resolves when nothing is held back any more, which is soon: a diagnosis has a time limit. Then the thread ends. */
  async close(): Promise<void> {
    if (this.#behind.size > 0) {
      this.#quiet ??= Promise.withResolvers()
      await this.#quiet.promise
    }
    this.#diagnoser.close()
  }

  #diagnose(held: EventReport, evidence: Evidence): void {
    const { id, event: kind } = held.event
    this.#behind.set(id, [])
    this.#diagnoser.diagnose(kind, evidence, (finding) => {
      const behind = this.#behind.get(id) ?? []
      this.#behind.delete(id)
      this.#pass(finding === undefined ? held : { ...held, event: { ...held.event, ...finding } })
      for (const next of behind) this.add(next)
      if (this.#behind.size === 0) this.#quiet?.resolve()
    })
  }
}
