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
import { fragmentLoss } from './fragment-loss.ts'
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

/** A number that describes a fault or a client. */
export interface Parameter {
  readonly min: number
  readonly max: number
  /** What holds when nothing is said. */
  readonly usual: number
  /** What it says, with its unit. */
  readonly about: string
  /** Only whole numbers make sense; a draw gives one, both ends included. */
  readonly whole?: true
}

export type Values = Readonly<Record<string, number>>

export interface FaultRow {
  readonly about: string
  readonly parameters: Readonly<Record<string, Parameter>>
  /** `values` holds every parameter of the row. */
  place(rng: Rng, values: Values): PlacedFaults
}

/** `p` is what the fault's own description calls so; faults without one ignore it. */
export type FaultMaker = (rng: Rng, p?: number) => PlacedFaults

/** About 3 to 5 % of the acknowledgements of a bad unit are lost; this share fits what was reported. */
export const TYPICAL_P = 0.037

const up = (...faults: Fault[]): PlacedFaults => ({ up: faults, down: [] })
const down = (...faults: Fault[]): PlacedFaults => ({ up: [], down: faults })

const probability = (usual: number, about: string): Parameter => ({ min: 0, max: 0.999, usual, about })
const count = (usual: number, about: string): Parameter => ({ min: 1, max: 65_535, usual, about, whole: true })
const time = (usual: number, about: string): Parameter => ({ min: 0, max: 3_600_000, usual, about })
const share = (about: string, usual = TYPICAL_P): { p: Parameter } => ({ p: probability(usual, about) })
const lost = { ...share('share that is lost'), burst: count(1, 'datagrams lost in a row') }

const TABLE = {
  none: { about: 'nothing goes wrong', parameters: {}, place: () => up() },
  'ack-loss': {
    about: 'acknowledgements are lost on their way to the server',
    parameters: lost,
    place: (rng, { p, burst }) => up(loss({ p, burst }, rng)),
  },
  'data-loss': {
    about: 'DATA is lost on its way to the device',
    parameters: lost,
    place: (rng, { p, burst }) => down(loss({ p, burst }, rng)),
  },
  'tx-alias-burst': {
    about: 'one transmit buffer: of two acknowledgements back to back the second is often lost',
    parameters: {
      ...share('share of lone frames that is lost', 0.01),
      gapMs: time(0.08, 'milliseconds within which a frame counts as back to back'),
      second: probability(0.3, 'share of the second ones that is lost'),
    },
    place: (rng, { p, gapMs, second }) => up(txAliasBurst({ p, gapMs, second }, rng)),
  },
  'ack-stale': {
    about: 'ACK n-1 leaves instead of ACK n',
    parameters: share('share of acknowledgements'),
    place: (rng, { p }) => up(ackStale({ p }, rng)),
  },
  'tx-hold': {
    about: 'an acknowledgement leaves only with the next one',
    parameters: share('share of acknowledgements'),
    place: (rng, { p }) => up(txHold({ p }, rng)),
  },
  'tx-hold-alias': {
    about: 'an acknowledgement leaves only with the next one, as a copy of it',
    parameters: share('share of acknowledgements'),
    place: (rng, { p }) => up(txHoldAlias({ p }, rng)),
  },
  'bit-errors': {
    about: 'loss that grows with length, both ways',
    parameters: { perByte: { min: 0, max: 0.1, usual: 5.8e-5, about: 'probability for each byte' } },
    place: (rng, { perByte }) => ({
      up: [bitErrors({ perByte }, rng.fork('up'))],
      down: [bitErrors({ perByte }, rng.fork('down'))],
    }),
  },
  'rx-hold': {
    about: 'a frame is seen only when the next one arrives',
    parameters: share('share of frames'),
    place: (rng, { p }) => down(rxHold({ p }, rng)),
  },
  'rx-one-behind': {
    about: 'each frame is seen only when the next one arrives',
    parameters: {},
    place: () => down(rxOneBehind()),
  },
  'rx-ring': rxRingRow(1),
  'rx-ring-2': rxRingRow(2),
  'rx-ring-4': rxRingRow(4),
  'eee-wake': {
    about: 'the first frame after an idle gap is lost',
    parameters: {
      ...share('share of first frames that is lost', 0.5),
      idleMs: time(5, 'milliseconds after which the link sleeps'),
    },
    place: (rng, { p, idleMs }) => bothWays((r) => eeeWake({ p, idleMs }, r), rng),
  },
  'arp-silent': arpSilentRow(false),
  'arp-silent-revived': arpSilentRow(true),
  'dead-rx': { about: 'nothing reaches the device', parameters: {}, place: () => down(deadRx()) },
  reorder: {
    about: 'later datagrams overtake some, both ways',
    parameters: {
      ...share('share that is overtaken', 0.01),
      distance: count(3, 'how many overtake'),
      holdMs: time(2, 'milliseconds by which it is late at most'),
    },
    place: (rng, { p, distance, holdMs }) => bothWays((r) => reorder({ p, distance, holdMs }, r), rng),
  },
  duplicate: {
    about: 'the network delivers some datagrams twice, both ways',
    parameters: { ...share('share that comes twice', 0.01), laterMs: time(0, 'milliseconds between the two') },
    place: (rng, { p, laterMs }) => bothWays((r) => duplicate({ p, laterMs }, r), rng),
  },
  'fragment-loss': {
    about: 'datagrams that do not fit into one packet of the path are lost, both ways: their later fragments are',
    parameters: {
      mtu: { min: 68, max: 65_535, usual: 1500, about: 'bytes of the largest packet, IP header included', whole: true },
    },
    place: (_rng, { mtu }) => ({ up: [fragmentLoss({ mtu })], down: [fragmentLoss({ mtu })] }),
  },
} satisfies Record<string, FaultRow>

export type FaultName = keyof typeof TABLE

/** Everything that the lab knows of each fault. */
export const FAULT_ROWS: Readonly<Record<FaultName, FaultRow>> = TABLE

/** The makers alone, where no parameter but `p` is needed. */
export const FAULTS = Object.fromEntries(
  Object.entries<FaultRow>(TABLE).map(([name, row]): [string, FaultMaker] => [
    name,
    (rng, p) => row.place(rng, withUsual(row.parameters, p === undefined ? {} : { p })),
  ]),
) as Readonly<Record<FaultName, FaultMaker>>

/** Every parameter: as given, else as usual. What the row does not have is left out. */
export function withUsual(parameters: Readonly<Record<string, Parameter>>, given: Values): Values {
  return Object.fromEntries(Object.entries(parameters).map(([name, { usual }]) => [name, given[name] ?? usual]))
}

function rxRingRow(descriptors: number): FaultRow {
  return {
    about: `a receive ring with room for ${descriptors}: later frames of a burst are lost`,
    parameters: {
      descriptors: { ...count(descriptors, 'frames that it holds'), max: 4096 },
      drainMs: time(0.2, 'milliseconds for each'),
    },
    place: (_rng, { descriptors, drainMs }) => down(rxRing({ descriptors, drainMs })),
  }
}

function arpSilentRow(revives: boolean): FaultRow {
  const end = revives ? ', until its next frame' : ''
  return {
    about: `the device does not answer ARP: when the host forgets it, nothing reaches it any more${end}`,
    parameters: { afterMs: time(30_000, 'milliseconds until the host forgets') },
    place: (_rng, { afterMs }) => {
      const pair = arpSilent({ revives, afterMs })
      return { up: [pair.up], down: [pair.down] }
    },
  }
}

function bothWays(make: (rng: Rng) => Fault, rng: Rng): PlacedFaults {
  return { up: [make(rng.fork('up'))], down: [make(rng.fork('down'))] }
}
