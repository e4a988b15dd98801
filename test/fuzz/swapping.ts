/** Reads and stores files below a folder that another thread swaps for a link to a place outside, as fast as it can. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { openFolder } from '../../src/content/folder.ts'
import { ForesendError } from '../../src/error.ts'
import { INSIDE, SECRET, type TrickFolder } from './path-tricks.ts'

export interface SwapReport {
  readonly reads: { inside: number; secret: number; refused: number }
  /** `escaped`: files that were stored outside. */
  readonly writes: { stored: number; escaped: number; refused: number }
}

/** A folder and a file change place with links, until `stop` is set. */
const SWAPPER = `
const { renameSync, symlinkSync, unlinkSync } = require('node:fs')
const { workerData: { root, folder, file, stop } } = require('node:worker_threads')
const pairs = [[root + '/race', folder], [root + '/race-file', file]]
while (Atomics.load(stop, 0) === 0) {
  for (const [path, target] of pairs) {
    renameSync(path, path + '.real')
    symlinkSync(target, path)
    for (let i = 0; i < 2000; i++) Atomics.load(stop, 0)
    unlinkSync(path)
    renameSync(path + '.real', path)
    for (let i = 0; i < 2000; i++) Atomics.load(stop, 0)
  }
}
`

/** A busy machine gets this much more time to meet both states. */
const MORE_MS = 20_000

/** Both states were met, to read and to store: the race was a race. */
function isTelling({ reads, writes }: SwapReport): boolean {
  return Math.min(reads.inside, reads.refused) >= 10 && Math.min(writes.stored, writes.refused) >= 3
}

/** For `ms`, and longer where that tells nothing. */
export async function swapping({ base, root }: TrickFolder, ms: number): Promise<SwapReport> {
  const report: SwapReport = {
    reads: { inside: 0, secret: 0, refused: 0 },
    writes: { stored: 0, escaped: 0, refused: 0 },
  }
  const target = join(base, 'race-target')
  mkdirSync(target)
  mkdirSync(join(root, 'race'))
  writeFileSync(join(target, 'file'), SECRET)
  writeFileSync(join(root, 'race/file'), INSIDE)
  writeFileSync(join(root, 'race-file'), INSIDE)
  // The times of a file that was just written do not tell its versions apart yet, and opening it waits.
  await new Promise((resolve) => setTimeout(resolve, 50))
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(SWAPPER, {
    eval: true,
    workerData: { root, folder: target, file: join(target, 'file'), stop },
  })
  const ended = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
  const store = await openFolder({ roots: [root], writable: true, overwrite: true })
  try {
    const begin = Date.now()
    const isOver = (): boolean => Date.now() - begin > (isTelling(report) ? ms : ms + MORE_MS)
    for (let i = 0; !isOver(); i++) {
      for (const name of ['race/file', 'race-file']) await tryRead(store, name, report)
      await tryWrite(store, `race/new-${i % 4}`, report)
    }
  } finally {
    Atomics.store(stop, 0, 1)
    await ended
    store.close()
  }
  report.writes.escaped = readdirSync(target).length - 1
  for (const path of [target, join(root, 'race'), join(root, 'race-file')]) rmSync(path, { recursive: true })
  return report
}

type Folder = Awaited<ReturnType<typeof openFolder>>

async function tryRead(store: Folder, filename: string, { reads }: SwapReport): Promise<void> {
  try {
    const image = await store.openRead({ filename, mode: 'octet', address: '10.0.0.1' })
    const bytes = Buffer.alloc(image.sizeBytes)
    image.read(0, bytes, 0, bytes.length)
    image.close()
    if (bytes.toString() === INSIDE) reads.inside++
    else reads.secret++
  } catch (error) {
    if (!(error instanceof ForesendError)) throw error
    reads.refused++
  }
}

async function tryWrite(store: Folder, filename: string, { writes }: SwapReport): Promise<void> {
  try {
    const upload = await store.openWrite({ filename, mode: 'octet', address: '10.0.0.1' })
    upload.write(Buffer.from('new'), 0, 3)
    await upload.finish()
    writes.stored++
  } catch (error) {
    if (!(error instanceof ForesendError)) throw error
    writes.refused++
  }
}
