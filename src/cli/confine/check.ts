/** Tries whether a confined program is confined: in the main thread, in the threads that Node reads files with, and in a worker. What cannot be tried does not count as in force. */
import { closeSync, existsSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { isAllowed, type Plan } from './plan.ts'

/** World-readable files that no server needs. */
const OUTSIDE = ['/etc/passwd', '/etc/profile', '/etc/hostname', '/etc/fstab', '/etc/shells']

/** Undefined when each try was refused; else where a file outside could be opened. */
export async function findWayOut(plan: Plan): Promise<string | undefined> {
  const path = OUTSIDE.find((candidate) => existsSync(candidate) && !isAllowed(plan, candidate))
  if (path === undefined) return 'there is no file outside to try it with'
  if (opens(path)) return `the main thread can read ${path}`
  if (await opensInPool(path)) return `Node's pool of threads can read ${path}`
  return (await opensInWorker(path)) ? `a worker can read ${path}` : undefined
}

function opens(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'))
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES'
  }
}

async function opensInPool(path: string): Promise<boolean> {
  try {
    const handle = await open(path)
    await handle.close()
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES'
  }
}

const IN_WORKER = `
  const { parentPort, workerData } = require('node:worker_threads')
  let refused = false
  try { require('node:fs').openSync(workerData) } catch (error) { refused = error.code === 'EACCES' }
  parentPort.postMessage(refused)
`

function opensInWorker(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(IN_WORKER, { eval: true, workerData: path })
    worker.on('message', (refused: boolean) => resolve(!refused))
    worker.on('error', reject)
  })
}
