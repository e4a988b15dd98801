/** worker.ts, and an exception outside of every handler when it is asked for. */
import { parentPort } from 'node:worker_threads'
import '../../src/server/worker.ts'

parentPort?.on('message', (message: { readonly type: string }) => {
  if (message.type !== 'crash') return
  setImmediate(() => {
    throw new Error('crashed for a test')
  })
})
