/**
 * Keeps a database of history through whatever happens to it. Knows no thread and no timer: a call that fails says so, and its owner
 * calls again later. Each trouble is reported in one line when it begins, and in one when it is over.
 */
import { DeviceMemory, type DeviceUpdate } from '../profile/memory.ts'
import type { Batch, Run } from './batch.ts'
import { databasePath, inodeOf, type Opened, openForWriting, setAside } from './database.ts'
import { forgetLearnt, readLearnt } from './devices.ts'
import { LIMITS, type Limits, trim } from './retention.ts'
import { type Trouble, troubleOf } from './trouble.ts'
import { Writer } from './writer.ts'

export interface KeeperOptions {
  readonly folder: string
  readonly run: Run
  /** One line for the person who runs the server. */
  readonly notice: (message: string) => void
  readonly now?: () => number
  readonly limits?: Limits
}

export class Keeper {
  readonly #options: KeeperOptions
  readonly #now: () => number
  #open: (Opened & { readonly writer: Writer }) | undefined
  /** What lasts when the database has to begin anew. */
  readonly #devices = new DeviceMemory()
  /** What is wrong now, as its notice said. */
  #trouble = ''
  #isOff = false
  #saidNoLog = false
  /** Runs that were killed left a database that was not checked yet. */
  #isUnclean = false

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Nothing more will be written: the database is another's. */
  get isOff(): boolean {
    return this.#isOff
  }

  /** Opens the database. What was learnt of devices; nothing when it cannot be read now. */
  start(): DeviceUpdate[] {
    this.#attempt(() => this.#opened())
    return this.#devices.all()
  }

  /** True when the batch is in the database, or never will be; false when it is to be given again later. */
  store(batch: Batch): boolean {
    for (const update of batch.learnt) this.#devices.merge(update)
    return this.#attempt((open) => open.writer.write(batch))
  }

  /** Forgets what was learnt of the devices that `name` names: what they are known by. Undefined when it cannot be written now. */
  forget(name: string): string[] | undefined {
    let forgotten: string[] | undefined
    this.#attempt(({ db }) => (forgotten = forgetLearnt(db, name)))
    for (const device of forgotten ?? []) this.#devices.forget(device)
    return forgotten
  }

  /** Looks through the whole database once, where its last user was killed. Takes seconds for a large one. */
  check(): void {
    if (!this.#isUnclean) return
    this.#attempt(({ db }) => {
      const found = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0]
      if (found !== 'ok') return this.#beginAnew(String(found))
      db.prepare('UPDATE run SET clean = 2 WHERE clean = 0 AND uid <> ?').run(uidOf(this.#options.run))
      this.#isUnclean = false
    })
  }

  /** Deletes a slice of what is too old or too much. True when there is more to do. */
  trim(): boolean {
    let isMore = false
    this.#attempt(({ db }) => {
      isMore = trim(db, this.#now(), this.#options.limits ?? LIMITS)
    })
    return isMore
  }

  /** The run ended as it should. */
  close(): void {
    const open = this.#open
    if (open === undefined) return
    this.#attempt(({ writer }) => writer.end())
    this.#letGo()
  }

  /** True when `work` was done, or is not to be tried again. */
  #attempt(work: (open: Opened & { readonly writer: Writer }) => void): boolean {
    if (this.#isOff) return true
    for (let tries = 1; ; tries++) {
      try {
        work(this.#opened())
        this.#wentWell()
        return true
      } catch (error) {
        const trouble = troubleOf(error)
        if (trouble.remedy === 'broken' && tries === 1) {
          const failed = this.#setAside(trouble.text)
          if (failed === undefined) continue
          return this.#wentWrong(failed)
        }
        return this.#wentWrong(trouble)
      }
    }
  }

  #opened(): Opened & { readonly writer: Writer } {
    const { folder, run, notice } = this.#options
    if (this.#open !== undefined && inodeOf(databasePath(folder)) !== this.#open.inode) {
      notice(`the history in ${folder} was moved or deleted; a new one begins`)
      this.#letGo()
    }
    if (this.#open !== undefined) return this.#open
    const opened = openForWriting(folder)
    try {
      const { db } = opened
      // Another program that writes is no reason not to read.
      const stored = readLearnt(db)
      for (const update of stored) this.#devices.merge(update)
      const unclean = db.prepare('SELECT 1 FROM run WHERE clean = 0 AND uid <> ?').get(uidOf(run))
      this.#isUnclean = unclean !== undefined
      const writer = new Writer(db, run)
      // One that begins anew gets what is in mind.
      if (stored.length === 0) writer.write({ ended: [], learnt: this.#devices.all() })
      this.#open = { ...opened, writer }
    } catch (error) {
      opened.db.close()
      throw error
    }
    if (!opened.hasLog && !this.#saidNoLog) {
      this.#saidNoLog = true
      notice(
        `the file system of ${folder} takes no write-ahead log, so the history is written more slowly; a folder on a local disk (--state) takes one`,
      )
    }
    return this.#open
  }

  #beginAnew(reason: string): void {
    const failed = this.#setAside(reason)
    if (failed !== undefined) this.#wentWrong(failed)
    else this.#opened()
  }

  /** What is wrong when it cannot be done. */
  #setAside(reason: string): Trouble | undefined {
    const { folder, notice } = this.#options
    const wasReplaced = this.#open !== undefined && inodeOf(databasePath(folder)) !== this.#open.inode
    this.#letGo()
    // Another server has set it aside already.
    if (wasReplaced) return undefined
    try {
      const aside = setAside(folder, new Date(this.#now()))
      notice(`the history ${databasePath(folder)} is broken (${reason}): it is now ${aside}, and a new one begins`)
      return undefined
    } catch (error) {
      return { ...troubleOf(error), remedy: 'reopen' }
    }
  }

  #wentWell(): void {
    if (this.#trouble === '') return
    this.#trouble = ''
    this.#options.notice(`the history in ${this.#options.folder} is written again`)
  }

  /** True when it is not to be tried again. */
  #wentWrong({ remedy, text }: Trouble): boolean {
    const { folder, notice } = this.#options
    if (remedy !== 'wait') this.#letGo()
    if (remedy === 'off') this.#isOff = true
    const said = saying(folder, remedy, text)
    if (said !== this.#trouble) notice(said)
    this.#trouble = said
    return remedy === 'off' || remedy === 'lose'
  }

  #letGo(): void {
    try {
      this.#open?.db.close()
    } catch {
      // A database that cannot be closed is not used any more either.
    }
    this.#open = undefined
  }
}

function saying(folder: string, remedy: Trouble['remedy'], text: string): string {
  if (remedy === 'off') return `no history is kept: ${text}`
  if (remedy === 'lose') return `transfers are missing in the history in ${folder}: ${text}; serving goes on`
  return `the history in ${folder} cannot be written: ${text}; serving goes on, and it is tried again`
}

function uidOf({ uid }: Run): Buffer {
  return Buffer.from(uid, 'hex')
}
