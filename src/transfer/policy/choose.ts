/** Which window a transfer is sent with: the client's own, when it negotiated one, else what the user chose. */
import type { WindowPolicy } from '../contract.ts'
import type { Agreed } from '../negotiate.ts'
import { adaptive } from './adaptive.ts'
import { anticipation, anticipationBlocks } from './anticipation.ts'
import { negotiated } from './negotiated.ts'
import { strict } from './strict.ts'
import type { KnownDevice } from '../contract.ts'

export interface PolicyOptions {
  /** `auto` is lock-step on the wire until the device shows that it needs more; a number is blocks that may be on the way. */
  readonly window: 'auto' | 'strict' | number
  /** Tftpd64's unit for the same; wins over `window`. */
  readonly anticipationBytes?: number | undefined
  readonly copies?: number | undefined
  readonly gapMs?: number | undefined
  readonly rtoMs?: number | undefined
}

/** A fresh policy for one transfer. */
export function choosePolicy(options: PolicyOptions, agreed: Agreed, device: KnownDevice = {}): WindowPolicy {
  // Whatever the user chose: a block ahead or a second copy would spoil the image of such a device.
  if (device.patient === true) return anticipation({ windowBlocks: 1 })
  const { copies, gapMs, rtoMs } = device.mayCountRepeats === true ? { ...options, copies: 1 } : options
  const pace = {
    ...(copies === undefined ? {} : { copies }),
    ...(gapMs === undefined ? {} : { gapMs }),
    ...(rtoMs === undefined ? {} : { rtoMs }),
  }
  if (agreed.windowNegotiated && agreed.windowsize > 1) return negotiated({ windowBlocks: agreed.windowsize, ...pace })
  if (options.window === 'strict') return strict(agreed.timeoutMs)
  // A window that the user chose hides which blocks such a device counted.
  if (device.mayCountRepeats === true) return adaptive({ ...pace, isLockStep: true })
  const blocks = chosenBlocks(options, agreed)
  if (blocks !== undefined) return anticipation({ windowBlocks: blocks, ...pace })
  return adaptive({ learnt: device.window, ...pace })
}

/** The anticipation that the user fixed; undefined leaves it to what the device shows. */
function chosenBlocks(options: PolicyOptions, agreed: Agreed): number | undefined {
  // A client that asked for a window of one block knows what it can take.
  if (agreed.windowNegotiated) return 1
  if (options.anticipationBytes !== undefined) return anticipationBlocks(options.anticipationBytes, agreed.blksize)
  return typeof options.window === 'number' ? options.window : undefined
}
