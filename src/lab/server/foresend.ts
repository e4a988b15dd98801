/** Foresend's own policies: the real sender, as the server puts it together (server/policy.ts). */
import { encodeOack } from '../../packet/index.ts'
import type { WindowPolicy } from '../../transfer/contract.ts'
import { type Agreed, type Limits, negotiateRead } from '../../transfer/negotiate.ts'
import { anticipation } from '../../transfer/policy/anticipation.ts'
import { negotiated } from '../../transfer/policy/negotiated.ts'
import { strict } from '../../transfer/policy/strict.ts'
import { Sender } from '../../transfer/sender.ts'
import type { ServedTransfer } from '../server-node.ts'
import type { ServeSetup, ServerModel } from './model.ts'

export interface ForesendOptions {
  /** For clients that did not negotiate a window. `strict` is RFC 1350 to the letter, 1 lock-step with quick repeats. */
  readonly window: 'strict' | number
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
    serve(request, setup: ServeSetup): ServedTransfer {
      const agreed = negotiateRead(request, setup.sizeBytes, LIMITS)
      const machine = new Sender(
        {
          sizeBytes: setup.sizeBytes,
          blksize: agreed.blksize,
          rollover: agreed.rollover,
          oack: agreed.oack.length > 0 ? encodeOack(agreed.oack) : undefined,
          near: setup.near,
          clientTimeoutMs: agreed.timeoutMs,
          proven: false,
          label: `"${request.filename}" to the device`,
          ...setup.device,
        },
        policyFor(options, agreed, setup),
        setup.sink,
      )
      return { machine, blksize: agreed.blksize, rollover: agreed.rollover }
    },
  }
}

function policyFor(options: ForesendOptions, agreed: Agreed, setup: ServeSetup): WindowPolicy {
  // Whatever was chosen: a block ahead or a second copy would spoil the image of such a device (rule A13).
  if (setup.device.patient === true) return anticipation({ windowBlocks: 1 })
  const { window, copies, gapMs } = options
  const pace = { ...(copies === undefined ? {} : { copies }), ...(gapMs === undefined ? {} : { gapMs }) }
  if (agreed.windowNegotiated && agreed.windowsize > 1) return negotiated({ windowBlocks: agreed.windowsize, ...pace })
  if (window === 'strict') return strict(agreed.timeoutMs)
  return anticipation({ windowBlocks: agreed.windowNegotiated ? 1 : window, ...pace })
}

function summaryOf({ window, copies, gapMs }: ForesendOptions): string {
  const what =
    window === 'strict'
      ? 'RFC 1350 to the letter'
      : window === 1
        ? 'lock-step with quick repeats and nudges'
        : `${window} blocks ahead, one ACK for each`
  const pace = [copies === undefined ? '' : `${copies} copies`, gapMs === undefined ? '' : `${gapMs} ms apart`]
  return [what, ...pace.filter((text) => text !== '')].join(', ')
}
