/** The thread that writes recordings: making and writing files takes longer than whatever serves may wait. */
import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync, writeSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type { FromRecorder, RecorderStart, ToRecorder } from './recorder.ts'
import { recordingOf } from './recorder-file.ts'

/** Of this program. Times come first in a name, so the oldest are the first by name. */
const OURS = /^\d{8}T\d{6}\.\d{3}Z-.*\.pcapng$/
const FILE_MODE = 0o600
/** Behind whatever serves, for the scheduler of Linux. */
const NICE = 5

const { folder, maxFiles, maxFileBytes } = workerData as RecorderStart
mkdirSync(folder, { recursive: true })
const files = readdirSync(folder)
  .filter((name) => OURS.test(name))
  .sort((a, b) => (a < b ? -1 : 1))
giveWay()
prune()

parentPort?.on('message', (message: ToRecorder) => {
  if (message.type === 'close') process.exit(0)
  let error: string | undefined
  try {
    write(message)
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown)
  }
  parentPort?.postMessage((error === undefined ? {} : { error }) satisfies FromRecorder)
})

function write({ transfer, content }: Extract<ToRecorder, { type: 'transfer' }>): void {
  // Room first: on a full disk the oldest make place for the newest.
  files.push(transfer.name)
  prune()
  const file = openSync(join(folder, transfer.name), 'w', FILE_MODE)
  try {
    writeSync(file, recordingOf(transfer, content, maxFileBytes))
  } finally {
    closeSync(file)
  }
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

function giveWay(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, NICE)
  } catch {
    // Some sandboxes do not permit it; then it runs like the others.
  }
}
