/**
 * A client that never heard the server: nothing reaches it, or the link sleeps between the packets and loses the first one after each pause. With
 * nothing but pauses the packets of the server are the same. Only a sleeping link loses requests as well.
 */
import type { CapturedTransfer } from '../../contract.ts'
import { lowest } from '../view/median.ts'
import { offeredBy } from '../view/reader.ts'
import { LEAST_IDLE_MS } from './idle.ts'
import type { Script } from './script.ts'
import { unknownShareCost } from './unknown-share.ts'

/** A dead receiver and lost requests are two faults. */
const TWO_FAULTS_COST = 3
const SECOND_MS = 1000
const OFF = 0.01

/** Nothing had passed in this direction for long enough that the link may sleep. */
export function isBehindIdle({ ms, sentBefore, heardBefore, idleMs }: Script, isUp: boolean, at: number): boolean {
  const before = isUp ? heardBefore[at] : sentBefore[at]
  return before < 0 || ms[at] - ms[before] >= idleMs
}

/** Requests that a client was due to send that asked once and never again. One that asked several times gave up. */
const MOST_AT_END = 3

export interface Asleep {
  /** Requests that the timer of the client was due to send, and that did not arrive. */
  readonly missed: number
  /** How much likelier a receiver that gets nothing is, as a logarithm. */
  readonly deadGain: number
}

/** Undefined where a packet left without a pause before it, or no request is missing. */
export function asleepFromTheStart(transfer: CapturedTransfer, list: Uint32Array): Asleep | undefined {
  const { packets } = transfer
  const askedTimerMs = requestTimerMs(transfer)
  const timerMs = askedTimerMs ?? commonTimerMs(transfer, list)
  if (timerMs === undefined) return undefined
  let sentMs = -Infinity
  let askedMs: number | undefined
  let sent = 0
  let heard = 0
  let missed = 0
  for (const i of list) {
    const ms = packets.timeMs(i)
    if (packets.kind(i) === 'rrq') {
      // The first one always arrived: without it there is no transfer.
      if (askedMs !== undefined) {
        const times = Math.round((ms - askedMs) / timerMs)
        if (times < 1 || Math.abs(ms - askedMs - times * timerMs) > OFF * timerMs) return undefined
        missed += times - 1
        heard++
      }
      askedMs = ms
    } else if (offeredBy(packets, i) !== undefined) {
      if (ms - sentMs < LEAST_IDLE_MS) return undefined
      sentMs = ms
      sent++
    }
  }
  if (askedTimerMs !== undefined && askedMs !== undefined && heard === 0) {
    const waitedMs = transfer.endMs + transfer.quietMs - askedMs
    missed += Math.min(MOST_AT_END, Math.floor(waitedMs / ((1 + OFF) * askedTimerMs)))
  }
  if (missed === 0 || sent === 0) return undefined
  const asleepCost = unknownShareCost(sent + missed, heard)
  return { missed, deadGain: asleepCost - (unknownShareCost(missed, heard) + TWO_FAULTS_COST) }
}

/** The shortest wait between two requests, where all are multiples of it. Waits that only grow are those of a client that waits longer each time. */
function commonTimerMs({ packets }: CapturedTransfer, list: Uint32Array): number | undefined {
  const asked = [...list].filter((i) => packets.kind(i) === 'rrq').map((i) => packets.timeMs(i))
  const waits = asked.slice(1).map((ms, n) => ms - asked[n])
  const shortestMs = lowest(waits)
  const isGrowing = waits.every((ms, n) => n === 0 || ms >= (1 - OFF) * waits[n - 1])
  const isCommon = waits.every((ms) => Math.abs(ms - Math.round(ms / shortestMs) * shortestMs) <= OFF * shortestMs)
  return waits.length >= LEAST_WAITS && shortestMs >= LEAST_TIMER_MS && isCommon && !isGrowing ? shortestMs : undefined
}

const LEAST_WAITS = 2
/** No client asks again sooner. */
const LEAST_TIMER_MS = 100

function requestTimerMs({ request }: CapturedTransfer): number | undefined {
  const asked = Number(request?.options.find(({ name }) => name.toLowerCase() === 'timeout')?.value)
  return asked >= 1 && asked <= 255 ? asked * SECOND_MS : undefined
}
