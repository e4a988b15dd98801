/** Why no sender could have brought a boot to its end, found in what happened in it; undefined where one could. */
import type { ExperimentResult } from './experiment.ts'
import { LONG_PAUSE_MS, type PauseRule } from './verdict-pause.ts'

/** `copied`: the network made copies, and the device counts each as the next block. */
export type NoWay = PauseRule | 'copied'

/** Beside the result: did a request reach the server, and does the device take a repeat for the next block? */
export interface WayFacts {
  readonly heard: boolean
  readonly countsRepeats: boolean
}

/** Of a boot that did not end in an intact image. */
export function whyNoWay(result: ExperimentResult, facts: WayFacts): NoWay | undefined {
  if (!facts.heard) return 'request'
  if (facts.countsRepeats && result.copied) return 'copied'
  const last = result.pauses.at(-1)
  if (last === undefined) return undefined
  if (last.silenced) return 'unreachable'
  // The server knew nothing of what the device wanted last.
  if (last.shares[0]?.rule === 'request' && last.leftMs <= LONG_PAUSE_MS) return 'request'
  // A server that gave up first did not wait for what might still have come.
  if (result.serverGaveUp) return undefined
  return result.pauses.every(({ leftMs }) => leftMs <= LONG_PAUSE_MS) ? last.shares[0]?.rule : undefined
}
