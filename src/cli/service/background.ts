/** A server that leaves the terminal (`-l` of in.tftpd, `--daemon` of atftpd): the command ends when the server listens. */
import { spawn } from 'node:child_process'
import { usageError } from '../exit.ts'

/** Set in the process that goes on in the background. */
const IN_BACKGROUND = 'FORESEND_BACKGROUND'
const READY = 'ready'

export function isInBackground(env: NodeJS.ProcessEnv = process.env): boolean {
  return env[IN_BACKGROUND] !== undefined
}

/** Tells the command that started this process in the background that it serves now. Elsewhere nothing happens. */
export function reportReady(): void {
  if (isInBackground()) process.send?.(READY, () => process.disconnect())
}

/**
 * Runs the same command once more, in a session of its own, and resolves with 0 when that one serves, or with its exit code. What it
 * says until then comes out of this process.
 */
export function runInBackground(): Promise<number> {
  const child = spawn(process.execPath, process.argv.slice(1), {
    detached: true,
    env: { ...process.env, [IN_BACKGROUND]: '1' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    child.stderr?.pipe(process.stderr)
    child.on('error', (error) => reject(usageError(`cannot go into the background: ${error.message}`)))
    child.on('exit', (code) => resolve(code ?? 1))
    child.on('message', (message) => {
      if (message !== READY) return
      child.stderr?.destroy()
      child.disconnect()
      child.unref()
      resolve(0)
    })
  })
}
