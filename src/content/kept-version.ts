/** Keeps a file that an upload is about to replace, under the next free number: `NAME.1`, `NAME.2`. */
import { linkSync, lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { errnoOf } from './errors.ts'
import type { HeldFolder } from './held-folder.ts'

/** Two uploads that take a number at the same moment try again. */
const TRIES = 100

export class KeptVersion {
  readonly #folder: HeldFolder
  readonly #leaf: string
  readonly #name: string | undefined

  /**
   * Gives the file `leaf` of `folder`, if there is one, a second name with a number above all that are there, so that no version is ever
   * replaced. Throws system errors; EEXIST when other uploads were faster all the time. Needs a file system with hard links.
   */
  constructor(folder: HeldFolder, leaf: string) {
    this.#folder = folder.again()
    this.#leaf = leaf
    try {
      this.#name = keep(this.#folder, leaf)
    } catch (cause) {
      this.#folder.close()
      throw cause
    }
  }

  /** The upload failed: the second name goes, unless the file could not have its first one back. */
  undo(): void {
    try {
      if (this.#name !== undefined && this.#hasFirstName(this.#name)) unlinkSync(this.#folder.pathTo(this.#name))
    } catch {
      // It was removed meanwhile, or stays as a second name of the same file: nothing is lost.
    }
    this.close()
  }

  #hasFirstName(name: string): boolean {
    const [first, second] = [this.#leaf, name].map((each) => lstatSync(this.#folder.pathTo(each), { bigint: true }))
    return first.ino === second.ino && first.dev === second.dev
  }

  close(): void {
    this.#folder.close()
  }
}

/** The second name; undefined when there is no file. */
function keep(folder: HeldFolder, leaf: string): string | undefined {
  if (lstatSync(folder.pathTo(leaf), { throwIfNoEntry: false }) === undefined) return undefined
  for (let tries = 0; ; tries++) {
    const name = `${leaf}.${lastNumber(folder, leaf) + 1}`
    try {
      linkSync(folder.pathTo(leaf), folder.pathTo(name))
      return name
    } catch (cause) {
      if (errnoOf(cause) !== 'EEXIST' || tries >= TRIES) throw cause
    }
  }
}

function lastNumber(folder: HeldFolder, leaf: string): number {
  let last = 0
  for (const name of readdirSync(folder.pathTo('.'))) {
    if (!name.startsWith(`${leaf}.`)) continue
    const number = name.slice(leaf.length + 1)
    if (/^[1-9]\d{0,8}$/.test(number)) last = Math.max(last, Number(number))
  }
  return last
}
