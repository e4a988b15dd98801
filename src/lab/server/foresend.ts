/** Foresend's own policies: the real sender with the policy that the server would choose (transfer/policy/choose.ts). */
import { agreedForSender, type Limits, negotiateRead, oackOf } from '../../transfer/negotiate.ts'
import { choosePolicy } from '../../transfer/policy/choose.ts'
import { Sender } from '../../transfer/sender.ts'
import type { ModelTransfer } from '../server-node.ts'
import type { ServeSetup, ServerModel } from './model.ts'

export interface ForesendOptions {
  /** For clients that did not negotiate a window. `auto` is the default, `strict` RFC 1350 to the letter, 1 lock-step with quick repeats. */
  readonly window: 'auto' | 'strict' | number
  readonly copies?: number
  readonly gapMs?: number
}

/** What the server allows by default. */
const LIMITS: Limits = { maxBlksize: 65464, maxWindowsize: 65535, maxWindowBytes: 1 << 22, refuse: new Set() }

export function foresend(options: ForesendOptions): ServerModel {
  return {
    type: 'foresend',
    summary: summaryOf(options),
    requests: 'supersede',
    serve(request, setup: ServeSetup): ModelTransfer {
      const agreed = negotiateRead(request, setup.sizeBytes, LIMITS)
      const machine = new Sender(
        {
          sizeBytes: setup.sizeBytes,
          ...agreedForSender(agreed),
          oack: oackOf(agreed),
          near: setup.near,
          addressValidated: false,
          label: `"${request.filename}" to the device`,
          ...setup.device,
        },
        choosePolicy(options, agreed, setup.device),
        setup.sink,
      )
      return { machine, blksize: agreed.blksize, rollover: agreed.rollover }
    },
  }
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
