/**
 * Exchanges in which nothing happened: the next blocks leave, and the answer comes in the usual time. Nearly all packets are like that, and a search has
 * nothing to find in them.
 */
/** Of a `Script`, with which it shares these names. */
interface Times {
  readonly length: number
  readonly ms: Float64Array
  readonly outMs: Float64Array
  readonly fromClient: Uint8Array
  readonly seq: Float64Array
  readonly gapBefore: Uint8Array
  readonly leastMs: number
  readonly usualMs: number
  readonly medianMs: number
  readonly timerMs: number | undefined
}

/** Whether the packet of the client at `heard` is an answer in the usual time to the one at `at`. */
export function isUsual({ ms, outMs, leastMs, usualMs }: Times, at: number, heard: number): boolean {
  const tookMs = ms[heard] - outMs[at]
  return tookMs >= leastMs && tookMs <= usualMs
}

/** Packets of a window that leave within this are taken together. Negative in lock-step: none are. */
export function burstMsOf({ medianMs }: Pick<Times, 'medianMs'>, windowsize: number): number {
  return windowsize > 1 ? medianMs / 2 : -1
}

/** By position: how many such exchanges follow each other from there on, up to the final block. An exchange is `windowsize` blocks and an ACK. */
export function exchangesInRow(script: Times, windowsize: number, final: number): Uint32Array {
  const { length, seq, ms, outMs, gapBefore } = script
  const inRow = new Uint32Array(length)
  const burstMs = burstMsOf(script, windowsize)
  for (let at = length - windowsize - 1; at >= 0; at--) {
    if (!isExchange(script, at, windowsize) || seq[at] + windowsize - 1 >= final) continue
    const next = at + windowsize + 1
    const isRow =
      next < length &&
      inRow[next] > 0 &&
      gapBefore[next] === 0 &&
      seq[next] === seq[at] + windowsize &&
      isBeforeTimer(script, next, next - 2) &&
      ms[next] >= ms[next - 1] &&
      outMs[next] - outMs[next - 2] > burstMs
    inRow[at] = isRow ? inRow[next] + 1 : 1
  }
  return inRow
}

function isExchange(script: Times, at: number, windowsize: number): boolean {
  const { fromClient, seq, gapBefore } = script
  const heard = at + windowsize
  if (fromClient[at] === 1 || seq[at] < 1 || fromClient[heard] === 0 || gapBefore[heard] === 1) return false
  for (let n = at + 1; n < heard; n++)
    if (fromClient[n] === 1 || seq[n] !== seq[n - 1] + 1 || gapBefore[n] === 1 || !isBeforeTimer(script, n, n - 1))
      return false
  return seq[heard] === seq[heard - 1] && isUsual(script, heard - 1, heard)
}

/** The client's timer, which runs from the packet of the server at `before`, is not due at the one at `at`. */
function isBeforeTimer({ ms, outMs, timerMs }: Times, at: number, before: number): boolean {
  return timerMs === undefined || ms[at] - outMs[before] <= timerMs
}
