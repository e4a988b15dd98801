/** Noise at the HTTP port: requests that are right but for something, and bytes that are none. `npm run fuzz -- http [REQUESTS] [SEED]`. */
import { connect } from 'node:net'
import { Rng } from '../../src/lab/rng.ts'
import type { Watched } from '../e2e/http-serving.ts'

export interface HttpFuzzReport {
  answered: number
  /** Answers by status. */
  readonly statuses: Map<number, number>
  /** A line for each answer that should not be: a 500, or text that is no HTTP. */
  readonly faults: string[]
}

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'G\x00T',
]
const PATHS = [
  '/',
  '/api/v1/status',
  '/api/v1/stats',
  '/api/v1/transfers',
  '/api/v1/transfers/1',
  '/api/v1/transfers/h1/trace',
  '/api/v1/transfers/1/abort',
  '/api/v1/diagnosis/1',
  '/api/v1/devices',
  '/api/v1/devices/127.0.0.1',
  '/api/v1/devices/x/memory',
  '/api/v1/history',
  '/api/v1/files',
  '/api/v1/files/file',
  '/api/v1/files/file/digests',
  '/api/v1/network',
  '/api/v1/config',
  '/api/v1/openapi.json',
  '/metrics',
  '/healthz',
  '/assets/index.js',
]
const PIECES = [
  '%',
  '%00',
  '%2e%2e',
  '%ff',
  '..',
  '/',
  '//',
  '\\',
  '?',
  '#',
  '&',
  '=',
  ';',
  ':',
  '*',
  '[',
  ']',
  '{',
  '\u00e9',
  ' ',
  '\t',
  '\0',
  '<script>',
  "'",
  '"',
  '%2f',
  '@',
  '999999999999999999999',
  '-1',
  'NaN',
  '__proto__',
  'constructor',
  'h',
  '~',
  '|',
  '%u0041',
  '\x7f',
]
const QUERIES = [
  'limit=',
  'before=',
  'after=',
  'search=',
  'device=',
  'file=',
  'outcome=',
  'direction=',
  'overwrite',
  'overwrite=',
  'limit=1&limit=2',
  '__proto__=1',
  '&&&',
  'limit=1e3',
  'before=1-2',
  'before=99999999999999999-1',
  'outcome=trouble',
]
const HEADERS = [
  'Accept: */*',
  'Accept-Encoding: br',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: -5',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Expect: 100-continue',
  'Upgrade: websocket',
  'Connection: upgrade',
  'Connection: keep-alive',
  'Connection: close',
  'Range: bytes=0-1',
  'If-None-Match: *',
  'Last-Event-ID: 1',
  'Last-Event-ID: -1',
  'Last-Event-ID: 99999999999999999',
  'Origin: null',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Site: cross-site',
  'Content-Type: application/json',
  'Cookie: a=b',
  'X-Forwarded-Host: evil',
  'Host: other',
]
/** At once: a server of many cores would take more. */
const AT_ONCE = 16
/** An answer that does not end by then is closed from here. */
const READ_MS = 60

export interface HttpFuzzOptions {
  readonly requests: number
  readonly seed: number
  readonly onProgress?: (done: number) => void
}

export async function fuzzHttp(
  watched: Watched,
  { requests, seed, onProgress }: HttpFuzzOptions,
): Promise<HttpFuzzReport> {
  const report: HttpFuzzReport = { answered: 0, statuses: new Map(), faults: [] }
  const rng = new Rng(seed)
  let made = 0
  const run = async (): Promise<void> => {
    while (made < requests) {
      made++
      onProgress?.(made)
      const bytes = requestOf(rng, watched)
      const answer = await ask(watched.port, bytes)
      judge(bytes, answer, report)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  return report
}

function requestOf(rng: Rng, { port, token }: Watched): Buffer {
  const pick = <T>(list: readonly T[]): T => list[rng.int(list.length)]
  const maybe = (share: number): boolean => rng.chance(share)
  let path = pick(PATHS)
  while (maybe(0.4)) {
    const at = rng.int(path.length + 1)
    path = path.slice(0, at) + pick(PIECES) + path.slice(at)
  }
  if (maybe(0.4)) path += `?${pick(QUERIES)}${maybe(0.5) ? pick(PIECES) : ''}`
  if (maybe(0.02)) path = `http://127.0.0.1:${port}${path}`
  if (maybe(0.01)) path = pick(['*', '', 'x', 'http://', '//', `/${'a'.repeat(20_000)}`])
  const lines = [
    `${maybe(0.6) ? 'GET' : pick(METHODS)} ${path} ${maybe(0.97) ? 'HTTP/1.1' : pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/9', ''])}`,
  ]
  if (maybe(0.97)) lines.push(`Host: 127.0.0.1:${port}`)
  if (maybe(0.6)) lines.push(`Authorization: Bearer ${maybe(0.9) ? token : 'x'}`)
  while (maybe(0.4)) lines.push(pick(HEADERS))
  if (maybe(0.02)) lines.push(`X: ${'y'.repeat(1 + rng.int(40_000))}`)
  const body = maybe(0.2)
    ? pick(['{}', 'hello', '5\r\nhello\r\n0\r\n\r\n', 'ffffffffffffffffff\r\n', '\0\0\0', '[1,2'])
    : ''
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
  for (let flips = maybe(0.15) ? 1 + rng.int(6) : 0; flips > 0; flips--) {
    bytes[rng.int(bytes.length)] = rng.int(256)
  }
  return maybe(0.03) ? bytes.subarray(0, 1 + rng.int(bytes.length)) : bytes
}

function ask(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1')
    let late = setTimeout(end, 1000)
    function end(): void {
      clearTimeout(late)
      socket.destroy()
      resolve(text)
    }
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece
      clearTimeout(late)
      late = setTimeout(end, isWhole(text) ? 0 : READ_MS)
    })
    socket.on('error', () => {}).on('close', end)
    socket.end(bytes)
  })
}

function isWhole(text: string): boolean {
  const at = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)/im.exec(text)?.[1]
  return at >= 0 && length !== undefined && text.length >= at + 4 + Number(length)
}

function judge(bytes: Buffer, answer: string, report: HttpFuzzReport): void {
  if (answer === '') return
  report.answered++
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0)
  report.statuses.set(status, (report.statuses.get(status) ?? 0) + 1)
  // 503 is a server that has too much to do: said, and no fault.
  if (status === 0 || status === 500)
    report.faults.push(`${JSON.stringify(bytes.toString('latin1'))}: ${answer.slice(0, 300)}`)
}
