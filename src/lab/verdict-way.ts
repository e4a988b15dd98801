/** Why no sender could have brought a boot to its end, found in what happened in it; undefined where one could. */
import type { ExperimentResult } from './experiment.ts'
import { LONG_PAUSE_MS, type PauseRule } from './verdict-pause.ts'

/**
 * `copied`: the network made copies, and the device counts each as the next block. `overtaken`: an old ACK arrived behind later ones, and only a client
 * that stores any block sends such a one; what counted as arrived may be missing (rule A1).
 */
export type NoWay = PauseRule | 'copied' | 'overtaken'

/** More answers to a request than these never leave (rule A5): an OACK, and five repeats of it. */
const MOST_OFFERS = 6

/** Beside the result: did a request reach the server, and does the device take a repeat for the next block? */
export interface WayFacts {
  readonly heard: boolean
  readonly countsRepeats: boolean
}

/** Of a boot that did not end in an intact image. */
export function whyNoWay(result: ExperimentResult, facts: WayFacts): NoWay | undefined {
  if (!facts.heard) return 'request'
  if (facts.countsRepeats && result.copied) return 'copied'
  if (result.endedByOvertaken && result.outcome?.error?.code === 'ERR_TFTP_ORDER_LIED') return 'overtaken'
  const last = result.pauses.at(-1)
  if (last === undefined) return undefined
  if (last.silenced) return 'unreachable'
  // The server knew nothing of what the device wanted last.
  if (last.shares[0]?.rule === 'request' && last.leftMs <= LONG_PAUSE_MS) return 'request'
  // All that may leave to an address that was not validated has left, and every answer was lost.
  if (
    last.shares[0]?.rule === 'A5-oack' &&
    last.leftMs <= LONG_PAUSE_MS &&
    last.sent >= MOST_OFFERS &&
    last.said >= MOST_OFFERS
  )
    return 'A5-oack'
  // A server that gave up first did not wait for what might still have come.
  if (result.serverGaveUp) return undefined
  return result.pauses.every(({ leftMs }) => leftMs <= LONG_PAUSE_MS) ? last.shares[0]?.rule : undefined
}
