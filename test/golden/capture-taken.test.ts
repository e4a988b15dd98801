/**
 * One transfer, captured in many ways: what takes no information away changes no verdict, and what does makes no device ill and no image whole. Each row is a boot of the lab, and each column a
 * way to take it.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import type { CapturedTransfer } from '../../src/capture/contract.ts'
import { diagnose, type Diagnosis } from '../../src/capture/diagnosis/index.ts'
import type { DeviceFault } from '../../src/lab/device/device.ts'
import { patternedImage } from '../../src/lab/experiment.ts'
import { DEVICES, type ServerName } from '../../src/lab/index.ts'
import { captureOfDevice } from './capture-of-lab.ts'
import { readAll } from './capture-scene.ts'
import {
  amongOthers,
  doubled,
  type FileKind,
  fileOf,
  fragmented,
  from,
  ipv6,
  later,
  merged,
  numbered,
  ofPort,
  ofServerPort,
  oneDirection,
  port69,
  segmented,
  snapped,
  summed,
  swapped,
  type Take,
  type Taken,
  takenFrom,
  until,
  withoutOptions,
  withoutRequest,
} from './taken.ts'

const IMAGE = patternedImage(41_000, 1)

interface Boot {
  readonly frames: readonly Taken[]
  readonly transfer: CapturedTransfer
  readonly diagnosis: Diagnosis
  readonly transfers: number
}

const BOOTS: readonly (readonly [string, ServerName, DeviceFault | undefined])[] = [
  ['archer-c2-good', 'tftp-hpa-5.2', undefined],
  ['archer-c2-good', 'tftp-hpa-5.2', { fault: 'ack-loss', values: { p: 0.12, burst: 1 } }],
  ['uboot-2020', 'foresend', undefined],
  ['uboot-2020', 'dnsmasq', { fault: 'data-loss', values: { p: 0.1, burst: 1 } }],
  ['uboot-2023', 'atftpd-0.8', { fault: 'ack-loss', values: { p: 0.3, burst: 1 } }],
  ['window-16', 'rs-tftpd', undefined],
  ['window-16', 'tftp-hpa-rfc7440', { fault: 'data-loss', values: { p: 0.04, burst: 1 } }],
  ['grub', 'tftpd64-3584', undefined],
  ['grub', 'tftp-hpa-6.0', { fault: 'ack-stale', values: { p: 0.08 } }],
  ['curl', 'py3tftp', undefined],
  ['lwip', 'pytftpd-2', { fault: 'duplicate', values: { p: 0.1, laterMs: 0.6 } }],
  ['ipxe', 'foresend', undefined],
]

/** Nothing is lost by these. */
const ALIKE: readonly (readonly [string, Take, FileKind])[] = [
  ['on Ethernet', (frames) => [...frames], { link: 'ethernet' }],
  ['96 bytes of each frame', snapped(96), { link: 'ethernet' }],
  ['numbered packets', numbered, { link: 'ethernet' }],
  ['each frame twice', doubled(8), { link: 'ethernet' }],
  ['each frame twice, of numbered packets', (frames) => doubled(8)(numbered(frames)), { link: 'ethernet' }],
  ['each frame on two cards', doubled(8, 'both', 2), { link: 'sll2' }],
  ['frames of the client twice', doubled(8, 'client'), {}],
  ['frames of the server twice', doubled(8, 'server'), {}],
  ['IPv6', ipv6, { link: 'ethernet' }],
  ['IPv6, each frame twice', (frames) => doubled(8)(ipv6(frames)), { link: 'ethernet' }],
  ['Linux any', (frames) => [...frames], { link: 'sll' }],
  ['VLAN', (frames) => [...frames], { link: 'vlan' }],
  ['loopback', (frames) => [...frames], { link: 'null' }],
  ['pcap, nanoseconds, big-endian', (frames) => [...frames], { pcap: true, perSecond: 1e9, littleEndian: false }],
  ['pcap, big-endian', (frames) => [...frames], { pcap: true, littleEndian: false }],
  ['pcapng, nanoseconds, big-endian', (frames) => [...frames], { perSecond: 1e9, resolution: 9, littleEndian: false }],
  ['swapped neighbours', swapped(5, 500), {}],
  ['no checksums', summed('none', 'both'), { link: 'ethernet' }],
  ['checksums that the card adds', summed('offload', 'server'), { link: 'ethernet' }],
  ['segmentation offload', segmented(50), { link: 'ethernet' }],
  ['other traffic', amongOthers, { link: 'ethernet' }],
  ['in fragments', fragmented(576, false), { link: 'ethernet' }],
]

/** Something is not in the capture. */
const LESS: readonly (readonly [string, Take, FileKind])[] = [
  ['54 bytes of each frame', snapped(54), { link: 'ethernet' }],
  ['68 bytes of each frame', snapped(68), { link: 'ethernet' }],
  ['segments, cut', (frames) => snapped(60)(segmented(50)(frames)), { link: 'ethernet' }],
  ['without the request', withoutRequest, {}],
  ['without the options', withoutOptions, {}],
  ['without the options, cut', (frames) => snapped(54)(withoutOptions(frames)), { link: 'ethernet' }],
  [
    'without the options, segments, cut',
    (frames) => snapped(60)(segmented(50)(withoutOptions(frames))),
    { link: 'ethernet' },
  ],
  ['without the options, each frame twice', (frames) => doubled(8)(withoutOptions(frames)), {}],
  ['from the middle on', from(0.5), {}],
  ['to the middle', until(0.5), {}],
  ['first fragments', fragmented(576, true), { link: 'ethernet' }],
  ['requests', port69, {}],
  ['the client alone', oneDirection(true), {}],
  ['the server alone', oneDirection(false), {}],
]

function read(frames: readonly Taken[], kind: FileKind): readonly CapturedTransfer[] {
  return readAll(fileOf(frames, kind)).transfers
}

function longest(transfers: readonly CapturedTransfer[]): CapturedTransfer | undefined {
  return transfers.toSorted((a, b) => b.packets.seen - a.packets.seen)[0]
}

function boot(name: string, server: ServerName, fault: DeviceFault | undefined): Boot {
  const device = { ...DEVICES[name], faults: fault === undefined ? [] : [fault] }
  const frames = takenFrom(captureOfDevice(device, server, IMAGE, 110_000).file)
  const transfers = read(frames, {})
  const transfer = longest(transfers)!
  return { frames, transfer, diagnosis: diagnose(transfer), transfers: transfers.length }
}

/** Causes of the same weight stand in any order. */
const LEVEL = 0.06

function firstOf({ causes }: Diagnosis): readonly string[] {
  return causes.filter(({ confidence }) => causes[0].confidence - confidence <= LEVEL).map(({ id }) => id)
}

describe.each(BOOTS)('%s against %s, %o', (name, server, fault) => {
  let base: Boot
  beforeAll(() => {
    base = boot(name, server, fault)
  })

  test('as it is', () => {
    expect(base.diagnosis.causes.length > 0).toBe(fault !== undefined)
  })

  test.each(ALIKE)('%s: the same is said', (_, take, kind) => {
    const transfers = read(take(base.frames), kind)
    const transfer = longest(transfers)!
    const diagnosis = diagnose(transfer)
    const { blksize, windowsize } = base.transfer.agreed
    expect(transfers).toHaveLength(base.transfers)
    expect(transfer.agreed).toMatchObject({ blksize, windowsize })
    expect([diagnosis.outcome, diagnosis.holes.count]).toEqual([base.diagnosis.outcome, base.diagnosis.holes.count])
    const [said, saidOfBase] = [firstOf(diagnosis), firstOf(base.diagnosis)]
    if (saidOfBase.length === 0) expect(said).toEqual([])
    else expect(said.some((id) => saidOfBase.includes(id))).toBe(true)
  })

  test.each(LESS)('%s: no device is ill by it, and no image whole', (_, take, kind) => {
    for (const transfer of read(take(base.frames), kind)) {
      const { outcome, causes, holes } = diagnose(transfer)
      for (const { confidence } of causes) expect(confidence).toBeGreaterThan(0)
      if (fault === undefined) expect(causes.map(({ id }) => id)).toEqual([])
      // What was in doubt stays so, as far as the capture shows it.
      if (base.diagnosis.holes.count > 0 && outcome === 'complete' && transfer.blocks.knownFrom <= 1)
        expect(holes.count).toBeGreaterThan(0)
    }
  })

  test('twice, one behind the other and both at once', () => {
    const spanUs = base.frames.at(-1)!.us - base.frames[0].us
    const other = ofServerPort(11)(ofPort(7)(base.frames))
    const both = [merged(base.frames, later(333)(other)), merged(base.frames, later(spanUs + 700_000)(base.frames))]
    for (const frames of both) {
      const transfers = read(frames, {})
      expect(transfers).toHaveLength(2 * base.transfers)
      const outcomes = transfers.map((transfer) => diagnose(transfer).outcome)
      expect(outcomes.filter((outcome) => outcome === base.diagnosis.outcome).length).toBeGreaterThanOrEqual(2)
    }
  })
})
