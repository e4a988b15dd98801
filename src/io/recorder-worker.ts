/** The thread that writes recordings: making and writing files takes longer than whatever serves may wait. */
import { readdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { giveWay } from '../give-way.ts'
import { makeFolder } from '../make-folder.ts'
import type { FromRecorder, RecorderStart, ToRecorder } from './recorder.ts'
import { recordingOf } from './recorder-file.ts'

/** Of this program. Times come first in a name, so the oldest are the first by name. */
const OURS = /^\d{8}T\d{6}\.\d{3}Z-.*\.pcapng$/
const FILE_MODE = 0o600
/** Several instances record to one folder, and people delete files: it is looked through after this number of files. */
const LOOK_EVERY = 20

const { folder, maxFiles, maxFileBytes } = workerData as RecorderStart
makeFolder(folder)
let files = found()
let written = 0
giveWay()
prune()

parentPort?.on('message', (message: ToRecorder) => {
  let error: string | undefined
  try {
    write(message)
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown)
  }
  parentPort?.postMessage((error === undefined ? {} : { error }) satisfies FromRecorder)
})

function write({ transfer, content }: ToRecorder): void {
  // Room first: on a full disk the oldest make place for the newest.
  if (++written % LOOK_EVERY === 0) files = found()
  files.push(transfer.name)
  prune()
  // The disk may take less than all at once; this writes the rest, or throws.
  writeFileSync(join(folder, transfer.name), recordingOf(transfer, content, maxFileBytes), { mode: FILE_MODE })
}

/** The oldest first. */
function found(): string[] {
  return readdirSync(folder)
    .filter((name) => OURS.test(name))
    .sort((a, b) => (a < b ? -1 : 1))
}

function prune(): void {
  while (files.length > maxFiles) {
    try {
      unlinkSync(join(folder, files.shift() as string))
    } catch {
      // It is gone already.
    }
  }
}
