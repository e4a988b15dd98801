/** What the thread that the user sees and the threads that serve say to each other. Plain data. */
import { type ErrorCode, type Fault, ForesendError } from '../error.ts'
import type { ServerOptions } from './server.ts'
import type { Lesson } from './treatment.ts'

/** What a thread is started with. */
export interface WorkerStart {
  readonly options: Omit<ServerOptions, 'onEvent'>
  readonly port: 'own' | 'first' | 'next'
  readonly firstId: number
  readonly idStep: number
}

export type ToWorker =
  | { readonly type: 'stop'; readonly graceMs: number }
  | { readonly type: 'reload' }
  | { readonly type: 'learn'; readonly lesson: Lesson }
  | { readonly type: 'silence' }
  /** For tests: something is thrown where nobody expects it. */
  | { readonly type: 'break' }

export type FromWorker =
  | { readonly type: 'ready'; readonly bound: readonly { readonly address: string; readonly port: number }[] }
  | { readonly type: 'failed'; readonly error: PlainError }
  /** ServerEvent[]: as a text they cross several times faster than as objects. */
  | { readonly type: 'events'; readonly json: string }
  | { readonly type: 'reloaded'; readonly error?: PlainError }
  | { readonly type: 'stopped' }
  | { readonly type: 'lesson'; readonly lesson: Lesson }
  | { readonly type: 'silence' }
  /** Its last word. */
  | { readonly type: 'broken'; readonly cause: string }

/** An error on its way between threads, which keep no classes. */
export interface PlainError {
  readonly message: string
  readonly code?: ErrorCode
  readonly fault?: Fault
  /** Of the system, where it is the reason. */
  readonly errno?: string
}

export function toPlain(error: unknown): PlainError {
  if (!(error instanceof ForesendError)) return { message: error instanceof Error ? error.message : String(error) }
  const errno = (error.cause as NodeJS.ErrnoException | undefined)?.code
  return { message: error.message, code: error.code, fault: error.fault, ...(errno === undefined ? {} : { errno }) }
}

export function fromPlain({ message, code, fault, errno }: PlainError): ForesendError {
  const cause = errno === undefined ? undefined : Object.assign(new Error(errno), { code: errno })
  return new ForesendError(code ?? 'ERR_TFTP_INTERNAL', message, { fault: fault ?? 'local', cause })
}
