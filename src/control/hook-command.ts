/** A command that is run for each transfer that ends. It is never waited for, and never holds up a transfer. */
import { type ChildProcess, spawn } from 'node:child_process'
import { FINAL_EVENTS, type TransferEvent } from '../endpoint/contract.ts'
import type { ServerEvent } from '../server/contract.ts'

/** Runs at the same time; further transfers wait for their turn. */
const MOST_RUNNING = 4
/** Transfers that wait; those beyond are counted and have no run. */
const MOST_WAITING = 1000
/** A command that takes longer is ended. */
const LONGEST_MS = 30_000

export interface HookCommandOptions {
  /** An executable file. No shell reads its arguments. */
  readonly command: string
  /** Gets a line for the log when a run failed, was ended, or had to be left out. */
  readonly notice: (message: string) => void
  readonly longestMs?: number
  readonly mostWaiting?: number
}

/**
 * Runs `COMMAND EVENT ADDRESS FILE BYTES` with the event as one line of JSON on standard input. EVENT is `completed`, `failed`, `refused`,
 * `superseded` or `probed`; ADDRESS has no port.
 */
export class HookCommand {
  readonly #options: HookCommandOptions
  readonly #waiting: TransferEvent[] = []
  #running = 0
  #leftOut = 0
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: HookCommandOptions) {
    this.#options = options
  }

  event(event: ServerEvent): void {
    if (!FINAL_EVENTS.has(event.event)) return
    if (this.#waiting.length < (this.#options.mostWaiting ?? MOST_WAITING)) {
      this.#waiting.push(event as TransferEvent)
      this.#next()
      return
    }
    // Once: a line for each would be as many as the transfers.
    if (this.#leftOut++ === 0) {
      this.#options.notice(
        `${this.#options.command} is slower than the transfers: some get no run; make it quicker, or read the events from a socket (--hook-socket)`,
      )
    }
  }

  /** Resolves when what ran and waited has ended. What waits longer than a run may take has none: a server ends in time. */
  async close(): Promise<void> {
    if (this.#running === 0) return
    this.#idle ??= Promise.withResolvers()
    const { command, notice, longestMs = LONGEST_MS } = this.#options
    const late = setTimeout(() => {
      const { length } = this.#waiting.splice(0)
      if (length > 0) notice(`${command} was too slow for ${length} transfers: the server ended before they had a run`)
    }, longestMs)
    await this.#idle.promise
    clearTimeout(late)
  }

  #next(): void {
    while (this.#running < MOST_RUNNING) {
      const event = this.#waiting.shift()
      if (event === undefined) break
      this.#running++
      void this.#run(event).then((trouble) => {
        if (trouble !== undefined) this.#options.notice(trouble)
        this.#running--
        this.#next()
      })
    }
    if (this.#running === 0) this.#idle?.resolve()
  }

  /** Resolves with what went wrong. */
  #run(event: TransferEvent): Promise<string | undefined> {
    const { command, longestMs = LONGEST_MS } = this.#options
    const address = event.client.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
    return new Promise((resolve) => {
      const failed = ({ code, message }: NodeJS.ErrnoException): void =>
        resolve(`${command} could not be run: ${code ?? message}; check the path and its permissions`)
      let child: ChildProcess
      try {
        // A NUL cannot be part of an argument, nor of a name in a request.
        child = spawn(command, [event.event, address, event.file, String(event.bytes)], {
          stdio: ['pipe', 'ignore', 'ignore'],
          timeout: longestMs,
          killSignal: 'SIGKILL',
        })
      } catch (error) {
        // Node reports some codes by an event, and throws others (ENOTDIR, ETXTBSY, …).
        return failed(error as NodeJS.ErrnoException)
      }
      child.on('error', failed)
      child.on('exit', (code, signal) => {
        if (code === 0) resolve(undefined)
        else if (signal === 'SIGKILL') resolve(`${command} was ended: it took longer than ${longestMs / 1000} s`)
        else
          resolve(`${command} ended with ${signal ?? `exit code ${code}`} after ${event.event} of transfer ${event.id}`)
      })
      // There is none where the system has no descriptor left; a command that does not read its input is no failure.
      child.stdin?.on('error', () => {})
      child.stdin?.end(`${JSON.stringify(event)}\n`)
    })
  }
}
