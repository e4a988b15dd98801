/** The folders that all servers serve, in memory and on disk, and the files in them. */
import { randomFillSync } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface MadeFile {
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
}

const UPLOAD = 'stored'

export class WorkFolder {
  readonly root: string
  /** What the servers serve, and where they store. */
  readonly served: string
  /** The servers' output. */
  readonly local: string
  readonly #diskParent: string
  #disk: string | undefined
  readonly #made = new Map<string, MadeFile>()
  #uploads = 0

  /** `diskParent` is where a folder on a disk is made when it is asked for. */
  constructor(diskParent: string) {
    this.#diskParent = diskParent
    this.root = mkdtempSync(join(inMemory() ?? tmpdir(), 'foresend-bench-'))
    this.served = join(this.root, 'served')
    this.local = join(this.root, 'local')
    for (const folder of [this.served, this.local]) mkdirSync(folder)
    // A server may drop its rights before it reads and stores.
    chmodSync(this.root, 0o755)
    chmodSync(this.served, 0o777)
  }

  /** For uploads that have to reach a disk. */
  disk(): string {
    if (this.#disk === undefined) {
      mkdirSync(this.#diskParent, { recursive: true })
      this.#disk = mkdtempSync(join(this.#diskParent, 'disk-'))
      chmodSync(this.#disk, 0o777)
    }
    return this.#disk
  }

  /** A file of this size, made once: random bytes, or zeros that take no room. */
  file(sizeBytes: number, sparse = false): MadeFile {
    const name = `${sparse ? 'sparse-' : ''}${sizeBytes}.bin`
    const made = this.#made.get(name)
    if (made !== undefined) return made
    const file = { name, path: join(this.served, name), sizeBytes }
    if (sparse) {
      // A server that maps it makes its zeros take room after all.
      const { bavail, bsize } = statfsSync(this.served)
      if (bavail * bsize < sizeBytes * 1.1) throw new Error(`there is no room for ${sizeBytes} bytes in ${this.served}`)
      writeFileSync(file.path, '')
      truncateSync(file.path, sizeBytes)
    } else {
      writeFileSync(file.path, randomFillSync(Buffer.allocUnsafe(sizeBytes)))
    }
    this.#made.set(name, file)
    return file
  }

  /** Makes room in memory: the files of a case that is over. */
  clear(): void {
    for (const file of this.#made.values()) rmSync(file.path, { force: true })
    this.#made.clear()
    // What a case that went wrong has left.
    for (const folder of [this.served, this.#disk]) if (folder !== undefined) removeUploads(folder, UPLOAD)
  }

  /** Prefix of names that no case uses yet. */
  uploadName(): string {
    return `${UPLOAD}-${++this.#uploads}`
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
    if (this.#disk !== undefined) rmSync(this.#disk, { recursive: true, force: true })
  }
}

/** Files of `folder` whose names begin with `prefix` and that hold what `source` holds. */
export function intactUploads(folder: string, prefix: string, source: MadeFile): number {
  const expected = readFileSync(source.path)
  return uploads(folder, prefix).filter(
    (path) =>
      statSync(path, { throwIfNoEntry: false })?.size === source.sizeBytes && readFileSync(path).equals(expected),
  ).length
}

export function removeUploads(folder: string, prefix: string): void {
  for (const path of uploads(folder, prefix)) rmSync(path, { force: true })
}

function uploads(folder: string, prefix: string): string[] {
  return readdirSync(folder)
    .filter((name) => name === prefix || name.startsWith(`${prefix}-`) || name.startsWith(`${prefix}.`))
    .map((name) => join(folder, name))
}

function inMemory(): string | undefined {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return undefined
  }
}
