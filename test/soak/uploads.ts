/** What lies under the names of uploads, and what may: the whole of what was sent last, or what lay there before. */
import { existsSync, readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Ledger } from './ledger.ts'

const MOST_TOLD = 5

export class Uploads {
  readonly #folder: string
  /** By name. */
  readonly #stored = new Map<string, Buffer>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Before uploads of `group`: what former rounds left of it goes, unless it is to be replaced. */
  prepare(group: string, replaces: boolean): void {
    if (replaces) return
    for (const name of readdirSync(this.#folder)) if (isOf(name, group)) unlinkSync(join(this.#folder, name))
    for (const name of this.#stored.keys()) if (isOf(name, group)) this.#stored.delete(name)
  }

  /** After them. Returns what is wrong, and how many files were compared. */
  check(names: readonly string[], sent: Buffer, ledger: Ledger): { compared: number; faults: string[] } {
    const faults: string[] = []
    let compared = 0
    for (const name of names) {
      const path = join(this.#folder, name)
      const isComplete = (ledger.endsOf(name)?.completed ?? 0) > 0
      const allowed = isComplete ? sent : this.#stored.get(name)
      const found = existsSync(path) ? readFileSync(path) : undefined
      if (isComplete) compared++
      if (allowed === undefined ? found !== undefined : found === undefined || !allowed.equals(found)) {
        const what = isComplete ? 'its upload completed' : 'no upload of it completed'
        faults.push(
          `${name}: ${what}, and there are ${found?.length ?? 'no'} bytes that differ from what belongs there`,
        )
      } else if (isComplete) this.#stored.set(name, sent)
    }
    return { compared, faults: faults.slice(0, MOST_TOLD) }
  }
}

/** The names that a load stores its uploads under. */
export function uploadNames(group: string, transfers: number): string[] {
  return transfers === 1 ? [group] : Array.from({ length: transfers }, (_, i) => `${group}-${i}`)
}

function isOf(name: string, group: string): boolean {
  return name === group || name.startsWith(`${group}-`)
}
