/** Foresend's own servers: the real endpoint with flags of `serve`. */
import type { ForesendModel } from './model.ts'

export interface ForesendOptions {
  /** For clients that did not negotiate a window. `auto` is the default, `strict` RFC 1350 to the letter, 1 lock-step with quick repeats. */
  readonly window: 'auto' | 'strict' | number
  readonly copies?: number
  readonly gapMs?: number
}

export function foresend(options: ForesendOptions): ForesendModel {
  return { type: 'foresend', summary: summaryOf(options), policy: options }
}

function summaryOf({ window, copies, gapMs }: ForesendOptions): string {
  const what =
    window === 'auto'
      ? 'the default: lock-step until the device needs more'
      : window === 'strict'
        ? 'RFC 1350 to the letter'
        : window === 1
          ? 'lock-step with quick repeats and nudges'
          : `${window} blocks ahead, one ACK for each`
  const pace = [copies === undefined ? '' : `${copies} copies`, gapMs === undefined ? '' : `${gapMs} ms apart`]
  return [what, ...pace.filter((text) => text !== '')].join(', ')
}
