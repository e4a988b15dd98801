/**
 * Loaded into the server of a soak run, in each of its threads: at SIGUSR2 all of them collect their garbage, and
 * `{"event":"collected"}` is printed. What is still there after that is kept by somebody. Nothing else of the server changes.
 */
import { BroadcastChannel, isMainThread } from 'node:worker_threads'

const channel = new BroadcastChannel('foresend soak')
channel.unref()
const collect = (globalThis as { gc?: () => void }).gc ?? ((): void => {})

if (isMainThread) {
  channel.onmessage = (message) => {
    if ((message as { data: unknown }).data !== 'collected') return
    collect()
    process.stdout.write('{"event":"collected"}\n')
  }
  process.on('SIGUSR2', () => channel.postMessage('collect'))
} else {
  channel.onmessage = (message) => {
    if ((message as { data: unknown }).data !== 'collect') return
    collect()
    channel.postMessage('collected')
  }
}
