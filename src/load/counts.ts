/** What happened in a load run, in numbers. */
import type { LoadResult } from './options.ts'

const MAX_FAULTS = 10

export class Counts {
  beganAt = 0
  endedAt = 0
  completed = 0
  vanished = 0
  bytes = 0
  datagramsIn = 0
  datagramsOut = 0
  retransmitted = 0
  readonly #transfers: number
  readonly #faults: string[] = []
  #failed = 0

  constructor(transfers: number) {
    this.#transfers = transfers
  }

  get isDone(): boolean {
    return this.completed + this.#failed + this.vanished >= this.#transfers
  }

  fail(text: () => string): void {
    this.#failed++
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(text())
  }

  /** What is not done has failed. */
  end(now: number): void {
    this.#failed = this.#transfers - this.completed - this.vanished
    this.endedAt = now
  }

  result(cpu: NodeJS.CpuUsage, agreed: { readonly blksize: number; readonly windowsize: number }): LoadResult {
    const { completed, vanished, bytes, datagramsIn, datagramsOut, retransmitted } = this
    const ms = this.endedAt - this.beganAt
    return {
      ms,
      bytes,
      transfers: this.#transfers,
      completed,
      failed: this.#failed,
      vanished,
      datagramsIn,
      datagramsOut,
      retransmitted,
      blksize: agreed.blksize,
      windowsize: agreed.windowsize,
      startsPerSec: (completed * 1000) / ms,
      bytesPerSec: (bytes * 1000) / ms,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      faults: this.#faults,
    }
  }
}
