/** Counts the transfers that use a store, so that one which a reload replaced closes when the last of them ends. */
import type { Store } from '../content/contract.ts'

export class StoreUse {
  readonly store: Store
  #users = 0
  #isRetired = false
  #isClosed = false

  constructor(store: Store) {
    this.store = store
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** A transfer opened something of it. `release` must follow. */
  retain(): this {
    this.#users++
    return this
  }

  release(): void {
    this.#users--
    if (this.#isRetired && this.#users === 0) this.close()
  }

  /** No transfer will open anything of it from now on. */
  retire(): void {
    this.#isRetired = true
    if (this.#users === 0) this.close()
  }

  /** At once: running uploads of it are aborted. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.store.close()
  }
}
