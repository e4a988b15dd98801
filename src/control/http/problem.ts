/** Answers that are errors: RFC 9457 (problem details), with the code of ForesendError. */
import type { ServerResponse } from 'node:http'
import { type ErrorCode, ForesendError } from '../../error.ts'

export class Problem extends Error {
  readonly status: number
  readonly code: ErrorCode

  /** `detail` quotes nothing of the request. */
  constructor(status: number, code: ErrorCode, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }

  get body(): { type: string; status: number; code: string; detail: string } {
    return { type: 'about:blank', status: this.status, code: this.code, detail: this.message }
  }
}

const BY_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  ERR_TFTP_NOT_FOUND: 404,
  ERR_TFTP_EXISTS: 409,
  ERR_TFTP_BUSY: 503,
  ERR_TFTP_TOO_LARGE: 413,
  ERR_TFTP_DISK_FULL: 507,
  ERR_TFTP_USAGE: 409,
  ERR_TFTP_CHANGED: 409,
  ERR_TFTP_CONTENT: 503,
  ERR_TFTP_ACCESS: 503,
  ERR_TFTP_ABORTED: 503,
}

/** What an error of a handler is to the other end. `statusOf` overrides by code. */
export function problemOf(error: unknown, statusOf: Readonly<Partial<Record<ErrorCode, number>>> = {}): Problem {
  if (error instanceof Problem) return error
  if (error instanceof ForesendError) {
    const status = statusOf[error.code] ?? BY_CODE[error.code] ?? 409
    return new Problem(status, error.code, error.message)
  }
  return new Problem(500, 'ERR_TFTP_INTERNAL', 'a fault in the program; please report it, with what was asked')
}

export function nothingThere(what: string): Problem {
  return new Problem(404, 'ERR_TFTP_NOT_FOUND', what)
}

export const PROBLEM_TYPE = 'application/problem+json'

export function sendProblem(outgoing: ServerResponse, problem: Problem, close = false): void {
  if (outgoing.headersSent) return void outgoing.destroy()
  outgoing.writeHead(problem.status, { 'content-type': PROBLEM_TYPE, ...(close ? { connection: 'close' } : {}) })
  outgoing.end(`${JSON.stringify(problem.body)}\n`)
}
