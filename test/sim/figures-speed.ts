/** How fast the defaults are on a device that needs help: against other servers, and against the best that could be set by hand. */
import { median } from '../../src/lab/median.ts'
import { SERVERS } from '../../src/lab/index.ts'
import { DEVICE_FAULTS } from '../../src/lab/device/faults.ts'
import type { DeviceFault, Draws } from '../../src/lab/device/device.ts'
import { DeviceMemory } from '../../src/profile/memory.ts'
import type { PolicyOptions } from '../../src/transfer/policy/choose.ts'
import { type BootSpec, boot, FAST_ETHERNET, faultOf, LOCK_STEP, range, STRICT } from './figures-boot.ts'
import { boots, type Figure, LINKS, type LinkName, ms, type Progress, type Scale, timeOf } from './figures.ts'

const CLIENT = 'uboot-1.1.3'
/** The share that fits the reports. */
const REPORTED_P = 0.037

/** Ratios to the two servers of the reports, first boot, nothing set. */
export function ackLossRatios(scale: Scale, progress: Progress = () => {}): Figure[] {
  const faults = [faultOf('ack-loss', REPORTED_P)]
  const rate = (server?: (typeof SERVERS)[keyof typeof SERVERS]): number =>
    median(
      boots({ client: CLIENT, faults, sizeBytes: scale.sizeBytes, ...(server && { server }) }, scale.seeds).map(
        (run) => run.bytesPerSec,
      ),
    )!
  progress('the default')
  const ours = rate()
  return (
    [
      ['tftpd64-1000', 50],
      ['pytftpd-2', 5],
    ] as const
  ).map(([name, least]) => {
    progress(name)
    const theirs = rate(SERVERS[name])
    const ratio = ours / theirs
    return {
      row: 'ack-loss 3.7 %',
      what: `first boot, no setting, against ${name}`,
      target: `at least ${least} times`,
      measured: `${ratio.toFixed(1)} times (${(ours / 1000).toFixed(0)} kB/s against ${(theirs / 1000).toFixed(1)})`,
      met: ratio >= least,
      notes: [],
      values: { ratio, oursBytesPerSec: ours, theirsBytesPerSec: theirs },
    }
  })
}

/** Without a rate the widest window is always the best and the first evidence takes longer than all the rest. */
const JUDGED_LINK: LinkName = '100 Mbit/s'
/** As far as the default may stay behind the best, in time. */
const FIRST_BOOT = 1.5
const ONCE_LEARNT = 1.25

/** Devices that need no help: nothing is tried on them, though one that pauses is asked now and then whether it is there. */
const STAYS = 1.05

/** What can be set by hand. */
interface Fixed extends PolicyOptions {
  readonly window: number
  readonly copies: number
  readonly gapMs: number
}

/** Faults that are a matter of speed. The others never end, or hold the image back for as long whatever is sent. */
export function searchedFaults(): string[] {
  return Object.keys(DEVICE_FAULTS).filter((name) => !['none', 'dead-rx', 'arp-silent'].includes(name))
}

/** The best fixed policy for a fault, found by search, and how far the default is from it. */
export function againstBest(fault: string, link: LinkName, scale: Scale, progress: Progress = () => {}): Figure {
  const faults = [faultOf(fault)]
  const spec = { client: CLIENT, faults, link: LINKS[link], sizeBytes: scale.sizeBytes } as const
  progress(`${fault}, ${link}: strict`)
  const clean = timeOf(boots({ ...spec, faults: [], server: STRICT }, 1))
  const plain = boots({ ...spec, server: STRICT }, scale.seeds)
  const strict = timeOf(plain)
  const what = `${fault}, ${link}`
  // Lock-step that never has to repeat anything is all that may be sent to such a device, be a window faster or not.
  if (plain.every((run) => run.intact && run.datagramsPerBlock === 1))
    return lockStepStays(spec, what, scale.seeds, strict, clean)
  const { best, bestMs } = search(faults, LINKS[link], scale, (text) => progress(`${what}: ${text}`))
  const first: number[] = []
  const learnt: number[] = []
  const windows = new Map<string, number>()
  for (const seed of range(scale.seeds)) {
    const memory = new DeviceMemory()
    const one = boot({ ...spec, seed, memory })
    const two = boot({ ...spec, seed, memory })
    first.push(one.intact ? one.ms : Infinity)
    learnt.push(two.intact ? two.ms : Infinity)
    const window = one.learnt?.window
    const text =
      window === undefined ? 'nothing' : `${window.windowBlocks}${window.gapMs > 0 ? ` gap ${window.gapMs}` : ''}`
    windows.set(text, (windows.get(text) ?? 0) + 1)
  }
  const firstRatio = median(first)! / bestMs
  const learntRatio = median(learnt)! / bestMs
  const taught = [...windows].map(([text, count]) => `${text} (${count})`).join(', ')
  return {
    row: 'best fixed policy',
    what,
    target: link === JUDGED_LINK ? `time at most ${FIRST_BOOT} x first, ${ONCE_LEARNT} x learnt` : 'told only',
    measured: `${firstRatio.toFixed(2)} x first, ${learntRatio.toFixed(2)} x learnt`,
    met: link === JUDGED_LINK ? firstRatio <= FIRST_BOOT && learntRatio <= ONCE_LEARNT : undefined,
    notes: [`best ${fixedText(best)} ${ms(bestMs)}; strict ${ms(strict)}; learnt: ${taught}`],
    values: { firstRatio, learntRatio, bestMs, strictMs: strict, windowBlocks: best.window, copies: best.copies },
  }
}

/** What a row of that table must leave to its limit, so that a change elsewhere does not break it by luck. */
const ROOM = 0.05

/** How much room a row of the best fixed policy leaves to its limits; undefined for one that has none. */
export function roomOf({ what, met, values }: Figure): Figure | undefined {
  if (met === undefined) return undefined
  const { firstRatio, learntRatio, ratio } = values
  const rooms = ratio === undefined ? [1 - firstRatio / FIRST_BOOT, 1 - learntRatio / ONCE_LEARNT] : [1 - ratio / STAYS]
  const [first, learnt] = rooms.map((room) => `${(100 * room).toFixed(1)} %`)
  return {
    row: 'room of the best fixed policy',
    what,
    target: ratio === undefined ? `at least ${100 * ROOM} % to each limit` : 'within the limit, which is 5 % itself',
    measured: learnt === undefined ? first : `${first} first, ${learnt} learnt`,
    met: ratio === undefined ? Math.min(...rooms) >= ROOM : rooms[0] >= 0,
    notes: [],
    values: { room: Math.min(...rooms) },
  }
}

/** The device needs no help: the default must be what strict is. */
function lockStepStays(
  spec: Omit<BootSpec, 'seed'>,
  what: string,
  seeds: number,
  strict: number,
  clean: number,
): Figure {
  const runs = boots(spec, seeds)
  const ratio = timeOf(runs) / strict
  return {
    row: 'best fixed policy',
    what,
    target: 'lock-step stays: the device needs no help',
    measured: `${ratio.toFixed(2)} x strict, ${Math.max(...runs.map((run) => run.datagramsPerBlock)).toFixed(2)} datagrams per block`,
    met: ratio <= STAYS,
    notes: [`strict never repeats a block: ${ms(strict)}, ${(strict / clean).toFixed(2)} x a clean link`],
    values: { strictMs: strict, ratio },
  }
}

/** All combinations at a smaller size, the best of them again at full size. */
function search(
  faults: readonly DeviceFault[],
  link: Draws,
  scale: Scale,
  progress: Progress,
): { best: Fixed; bestMs: number } {
  const time = (server: Fixed, sizeBytes: number, seeds: number): number =>
    timeOf(boots({ client: CLIENT, faults, link, server, sizeBytes }, seeds))
  const all: Fixed[] = scale.search.windows.flatMap((window) =>
    scale.search.copies.flatMap((copies) => scale.search.gapsMs.map((gapMs) => ({ window, copies, gapMs }))),
  )
  const ranked = all.map((server) => {
    progress(fixedText(server))
    return { server, timeMs: time(server, scale.search.sizeBytes, scale.search.seeds) }
  })
  ranked.sort((a, b) => a.timeMs - b.timeMs)
  const finals = ranked.slice(0, scale.search.finalists).map(({ server }) => {
    progress(`${fixedText(server)}, full size`)
    return { best: server, bestMs: time(server, scale.sizeBytes, scale.seeds) }
  })
  return finals.reduce((a, b) => (b.bestMs < a.bestMs ? b : a))
}

function fixedText({ window, copies, gapMs }: Fixed): string {
  return `window ${window}${copies > 1 ? `, ${copies} copies` : ''}${gapMs > 0 ? `, gap ${gapMs} ms` : ''}`
}

const RING_SLACK = 1.05
export const RING_CLIENTS = ['uboot-1.1.3', 'strict'] as const
export type RingClient = (typeof RING_CLIENTS)[number]

export interface RingCase {
  readonly ring: 'rx-ring' | 'rx-ring-2'
  readonly client: RingClient
  readonly link: LinkName
  /** What else the device suffers from, so that windows are tried at all. */
  readonly beside?: 'ack-loss' | 'data-loss'
}

export function ringCases(links: readonly LinkName[]): RingCase[] {
  return (['rx-ring', 'rx-ring-2'] as const).flatMap((ring) =>
    RING_CLIENTS.flatMap((client) =>
      links.flatMap((link): RingCase[] => [
        { ring, client, link },
        { ring, client, link, beside: 'ack-loss' },
        { ring, client, link, beside: 'data-loss' },
      ]),
    ),
  )
}

/** A small receive ring: as fast as strict, or as the quick lock-step where losses beside it make strict crawl. */
export function receiveRing({ ring, client, link, beside }: RingCase, scale: Scale): Figure {
  const faults = [faultOf(ring), ...(beside === undefined ? [] : [faultOf(beside, REPORTED_P)])]
  const spec = { client, faults, link: LINKS[link], sizeBytes: scale.sizeBytes }
  const strict = timeOf(boots({ ...spec, server: STRICT }, scale.seeds))
  const lockStep = timeOf(boots({ ...spec, server: LOCK_STEP }, scale.seeds))
  const ours = timeOf(boots(spec, scale.seeds))
  const ratio = ours / Math.min(strict, lockStep)
  return {
    row: 'receive rings',
    what: `${ring}${beside === undefined ? '' : ` + ${beside}`}, ${client}, ${link}`,
    target: `at most ${RING_SLACK} x strict${beside === undefined ? '' : ' or lock-step'}`,
    measured: `${ratio.toFixed(2)} x`,
    met: ratio <= RING_SLACK,
    notes: [`${ms(ours)}; strict ${ms(strict)}, quick lock-step ${ms(lockStep)}`],
    values: { ratio, ms: ours },
  }
}

/** A window of eight was learnt from another unit: it must be closed again. */
export function wrongMemory(client: RingClient, scale: Scale): Figure {
  const spec = { client, faults: [faultOf('rx-ring')], link: FAST_ETHERNET, sizeBytes: scale.sizeBytes, seed: 1 }
  const strict = boot({ ...spec, server: STRICT })
  const memory = new DeviceMemory()
  const first = boot({ ...spec, memory, learnt: { window: { windowBlocks: 8, gapMs: 0 } } })
  const second = boot({ ...spec, memory })
  const ratio = second.ms / strict.ms
  return {
    row: 'receive rings',
    what: `rx-ring, ${client}, a window of 8 was remembered wrongly`,
    target: `closed again: the next boot at most ${RING_SLACK} x strict`,
    measured: `${(first.ms / strict.ms).toFixed(2)} x, then ${ratio.toFixed(2)} x`,
    met: ratio <= RING_SLACK,
    notes: [],
    values: { ratio, first: first.ms / strict.ms },
  }
}
