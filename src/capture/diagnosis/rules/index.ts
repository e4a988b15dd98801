/** Every rule. Adding one is one file beside this one and one row here. */
import type { Rule } from '../rule.ts'
import { ackLoss } from './ack-loss.ts'
import { ackStale } from './ack-stale.ts'
import { arpSilent } from './arp-silent.ts'
import { bitErrors } from './bit-errors.ts'
import { budgetUsedUp } from './budget-used-up.ts'
import { clientSilent } from './client-silent.ts'
import { clientSlow } from './client-slow.ts'
import { sorcerersApprentice } from './sorcerers-apprentice.ts'
import { eeeWake } from './eee-wake.ts'
import { rollover } from './rollover.ts'
import { rxHold } from './rx-hold.ts'
import { clientRefused, serverRefused } from './refused.ts'
import { badChecksums } from './bad-checksums.ts'
import { unreachable } from './unreachable.ts'
import { wrongSourceAddress } from './wrong-source-address.ts'
import { cumulativeServerHole } from './cumulative-server-hole.ts'
import { dataLoss } from './data-loss.ts'
import { deadRx } from './dead-rx.ts'
import { duplicate } from './duplicate.ts'
import { fragmentsDropped } from './fragments-dropped.ts'
import { reorder } from './reorder.ts'
import { rxOneBehind } from './rx-one-behind.ts'
import { rxRing } from './rx-ring.ts'
import { serverSilent } from './server-silent.ts'
import { serverSlow } from './server-slow.ts'
import { slowFlash } from './slow-flash.ts'
import { txHold } from './tx-hold.ts'

export const RULES: readonly Rule[] = [
  cumulativeServerHole,
  rollover,
  wrongSourceAddress,
  unreachable,
  badChecksums,
  clientRefused,
  serverRefused,
  eeeWake,
  rxHold,
  bitErrors,
  budgetUsedUp,
  clientSilent,
  sorcerersApprentice,
  duplicate,
  reorder,
  arpSilent,
  fragmentsDropped,
  rxRing,
  ackLoss,
  dataLoss,
  ackStale,
  txHold,
  rxOneBehind,
  slowFlash,
  deadRx,
  serverSilent,
  serverSlow,
  clientSlow,
]
