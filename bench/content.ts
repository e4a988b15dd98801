/** The folder that all servers serve, in memory, and the files in it. */
import { randomFillSync } from 'node:crypto'
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

export interface MadeFile {
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  readonly crc32: number
}

export class WorkFolder {
  readonly root: string
  /** What the servers serve, and where they store. */
  readonly served: string
  /** What clients fetched, and the servers' output. */
  readonly local: string
  readonly #made = new Map<number, MadeFile>()
  #uploads = 0

  constructor() {
    this.root = mkdtempSync(join(inMemory() ?? tmpdir(), 'foresend-bench-'))
    this.served = join(this.root, 'served')
    this.local = join(this.root, 'local')
    for (const folder of [this.served, this.local]) mkdirSync(folder)
    // A server may drop its rights before it reads and stores.
    chmodSync(this.root, 0o755)
    chmodSync(this.served, 0o777)
  }

  /** A file of random bytes of this size, made once. */
  file(sizeBytes: number): MadeFile {
    const made = this.#made.get(sizeBytes)
    if (made !== undefined) return made
    const bytes = randomFillSync(Buffer.allocUnsafe(sizeBytes))
    const name = `${sizeBytes}.bin`
    const file = { name, path: join(this.served, name), sizeBytes, crc32: crc32(bytes) }
    writeFileSync(file.path, bytes)
    this.#made.set(sizeBytes, file)
    return file
  }

  /** Makes room in memory: the files of a case that is over. */
  clear(): void {
    for (const file of this.#made.values()) rmSync(file.path)
    this.#made.clear()
  }

  /** A name that nobody has stored under yet. */
  uploadName(): string {
    return `stored-${++this.#uploads}.bin`
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

function inMemory(): string | undefined {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return undefined
  }
}
