/** What a client that asked for a file has in the end. Plain data. */
export interface ClientResult {
  /** `ok`: the device takes what it has for the whole file. `restarted`: it would begin again from the request. */
  readonly status: 'ok' | 'failed' | 'restarted'
  /** What lies in its memory where the file belongs. */
  readonly image: Uint8Array
  /** For each block how often it was written (at most 255): 0 is a hole. */
  readonly writtenMap: Uint8Array
  /** Size of the file as the device sees it. */
  readonly bytes: number
  /** Bytes written beyond the end of the true file. */
  readonly strayBytes: number
  readonly timeouts: number
  readonly acksSent: number
  readonly errorsSent: number
  /** DATA that it ignored as a repeat. */
  readonly repeats: number
  /** DATA that came while its receive ring was full. */
  readonly overruns: number
  /** Requests sent, repeats included. */
  readonly requests: number
  readonly blksize: number
  readonly endedAt: number
  readonly reason: string
}
