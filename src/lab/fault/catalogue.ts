/**
 * Every fault by name, with the parameters of an ordinary bad device, placed on the direction where it belongs. Adding a
 * fault is one file beside this one and one row here.
 */
import type { Fault } from '../link.ts'
import type { Rng } from '../rng.ts'
import { ackStale } from './ack-stale.ts'
import { arpSilent } from './arp-silent.ts'
import { bitErrors } from './bit-errors.ts'
import { deadRx } from './dead-rx.ts'
import { duplicate } from './duplicate.ts'
import { eeeWake } from './eee-wake.ts'
import { loss } from './loss.ts'
import { reorder } from './reorder.ts'
import { rxHold, rxOneBehind } from './rx-hold.ts'
import { rxRing } from './rx-ring.ts'
import { txAliasBurst } from './tx-alias-burst.ts'
import { txHold, txHoldAlias } from './tx-hold.ts'

/** Faults for the two directions of one link. `up` is device to server. */
export interface PlacedFaults {
  readonly up: readonly Fault[]
  readonly down: readonly Fault[]
}

/** `p` is what the fault's own description calls so; faults without one ignore it. */
export type FaultMaker = (rng: Rng, p?: number) => PlacedFaults

/** About 3 to 5 % of the acknowledgements of a bad unit are lost; this share fits what was reported. */
export const TYPICAL_P = 0.037

const up = (...faults: Fault[]): PlacedFaults => ({ up: faults, down: [] })
const down = (...faults: Fault[]): PlacedFaults => ({ up: [], down: faults })
const optional = (p: number | undefined): { p?: number } => (p === undefined ? {} : { p })

const TABLE = {
  none: () => up(),
  'ack-loss': (rng, p) => up(loss({ p: p ?? TYPICAL_P }, rng)),
  'data-loss': (rng, p) => down(loss({ p: p ?? TYPICAL_P }, rng)),
  'tx-alias-burst': (rng, p) => up(txAliasBurst(optional(p), rng)),
  'ack-stale': (rng, p) => up(ackStale(optional(p), rng)),
  'tx-hold': (rng, p) => up(txHold(optional(p), rng)),
  'tx-hold-alias': (rng, p) => up(txHoldAlias(optional(p), rng)),
  'bit-errors': (rng) => ({ up: [bitErrors({}, rng.fork('up'))], down: [bitErrors({}, rng.fork('down'))] }),
  'rx-hold': (rng, p) => down(rxHold(optional(p), rng)),
  'rx-one-behind': () => down(rxOneBehind()),
  'rx-ring': () => down(rxRing()),
  'rx-ring-2': () => down(rxRing({ descriptors: 2 })),
  'rx-ring-4': () => down(rxRing({ descriptors: 4 })),
  'eee-wake': (rng, p) => bothWays((r) => eeeWake(optional(p), r), rng),
  'arp-silent': () => arpSilentPlaced(false),
  'arp-silent-revived': () => arpSilentPlaced(true),
  'dead-rx': () => down(deadRx()),
  reorder: (rng, p) => bothWays((r) => reorder({ p: p ?? 0.01 }, r), rng),
  duplicate: (rng, p) => bothWays((r) => duplicate({ p: p ?? 0.01 }, r), rng),
} satisfies Record<string, FaultMaker>

export type FaultName = keyof typeof TABLE

export const FAULTS: Readonly<Record<FaultName, FaultMaker>> = TABLE

function arpSilentPlaced(revives: boolean): PlacedFaults {
  const pair = arpSilent({ revives })
  return { up: [pair.up], down: [pair.down] }
}

function bothWays(make: (rng: Rng) => Fault, rng: Rng): PlacedFaults {
  return { up: [make(rng.fork('up'))], down: [make(rng.fork('down'))] }
}
