/** How often the diagnosis is right: transfers of the lab with one known fault, and healthy ones. */
import { type CauseId, diagnose, type Diagnosis } from '../../src/capture/diagnosis/index.ts'
import type { CapturedTransfer } from '../../src/capture/index.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import { canHave, type DeviceFault, type Draws } from '../../src/lab/device/device.ts'
import { type ServerName, wireBytes } from '../../src/lab/index.ts'
import { HEADER_BYTES } from '../../src/packet/index.ts'
import { viewOf } from '../../src/capture/diagnosis/view/view.ts'
import { isAlike, NOTHING_ARRIVES } from './alike.ts'
import { deviceOf, type LabCase, mainOf, type PlayedCase, play } from './lab-case.ts'

export interface EvaluatedCase {
  readonly label: string
  readonly fault: string
  readonly client: ClientName
  readonly server: ServerName
  readonly seed: number
  readonly link: LinkName
  /** The capture shows no trace of the fault: nothing can be said, and nothing should be. */
  readonly invisible: boolean
  readonly diagnosis: Diagnosis
  readonly expected: readonly CauseId[]
  readonly first: boolean
  /** Named first, or level with the first and with a way to tell them apart. */
  readonly level: boolean
  readonly topTwo: boolean
  /** The first cause is another one, and makes the very same packets. */
  readonly alike: boolean
  /** Of two faults at once: both are named. */
  readonly both: boolean
  /** Both directions lost or changed a datagram. */
  readonly isBothHit: boolean
  /** Blocks missing in an image that the device takes for whole. */
  readonly holesInDevice: number
  readonly silentHole: boolean
  /** Undefined where nothing was said of the server. */
  readonly serverRight: boolean | undefined
  /** Right, or among those that cannot be told apart from the one named. */
  readonly serverNamed: boolean
}

/** What each fault of the lab is called in a diagnosis; the first is its name, the others are as right. */
const CALLED: Readonly<Record<string, readonly CauseId[]>> = {
  'ack-loss': ['ack-loss'],
  'data-loss': ['data-loss'],
  'tx-alias-burst': ['ack-loss'],
  'ack-stale': ['ack-stale'],
  'tx-hold': ['tx-hold'],
  'tx-hold-alias': ['tx-hold'],
  'bit-errors': ['bit-errors', 'data-loss'],
  'rx-hold': ['rx-hold'],
  'rx-one-behind': ['rx-one-behind'],
  'rx-ring': ['rx-ring'],
  'rx-ring-2': ['rx-ring'],
  'rx-ring-4': ['rx-ring'],
  'eee-wake': ['eee-wake'],
  'arp-silent': ['arp-silent'],
  'arp-silent-revived': ['arp-silent'],
  'dead-rx': ['dead-rx'],
  reorder: ['reorder'],
  duplicate: ['duplicate', 'sorcerers-apprentice'],
  'fragment-loss': ['fragments-dropped'],
  'slow-flash': ['slow-flash'],
  // Bursts, and two faults at once.
  'ack-loss-burst': ['ack-loss'],
  'data-loss-burst': ['data-loss'],
  'both-losses': ['ack-loss', 'data-loss'],
}

export const EVALUATED_FAULTS = Object.keys(CALLED)

export const EVALUATED_CLIENTS: Readonly<Partial<Record<ClientName, Draws>>> = {
  'uboot-1.1.3': {},
  'uboot-2008': {},
  'uboot-2020': {},
  'uboot-2023': { windowsize: 8 },
  strict: {},
  lwip: {},
  ipxe: {},
  grub: {},
  edk2: {},
  curl: {},
  window: { windowsize: 16 },
}

export const EVALUATED_SERVERS: readonly ServerName[] = [
  'tftp-hpa-5.2',
  'tftp-hpa-6.0',
  'tftp-hpa-rfc7440',
  'atftpd-0.8',
  'tftpd64',
  'tftpd64-1000',
  'pytftpd-2',
  'py3tftp',
  'rs-tftpd',
  'dnsmasq',
  'pin-anticipate-2',
  'foresend',
  'foresend-strict',
  'foresend-lock-step',
  'foresend-window-2',
  'foresend-window-8',
]

const BLOCKS = 600
const BLKSIZE: Readonly<Partial<Record<ClientName, number>>> = {
  'uboot-1.1.3': 512,
  strict: 512,
  curl: 512,
  window: 512,
  grub: 1024,
}
const DEFAULT_BLKSIZE = 1468

export function sizeFor(client: ClientName, blocks = BLOCKS): number {
  return blocks * (BLKSIZE[client] ?? DEFAULT_BLKSIZE) + 100
}

const LOSS: Draws = { p: { logUniform: [0.01, 0.15] } }
const BURST = 4
/** Rows that are not one fault of the lab. */
const MADE_OF: Readonly<Record<string, readonly DeviceFault[]>> = {
  none: [],
  'ack-loss-burst': [{ fault: 'ack-loss', values: { ...LOSS, burst: BURST } }],
  'data-loss-burst': [{ fault: 'data-loss', values: { ...LOSS, burst: BURST } }],
  'both-losses': [
    { fault: 'ack-loss', values: LOSS },
    { fault: 'data-loss', values: LOSS },
  ],
}

/** Parameters as different units have them. */
function drawn(fault: string, client: ClientName): readonly DeviceFault[] {
  const made = MADE_OF[fault]
  if (made !== undefined) return made
  const frameBytes = wireBytes(HEADER_BYTES + (BLKSIZE[client] ?? DEFAULT_BLKSIZE))
  const perByte = (share: number): number => 1 - (1 - share) ** (1 / frameBytes)
  const values: Readonly<Record<string, Draws>> = {
    'bit-errors': { perByte: { logUniform: [perByte(0.01), perByte(0.2)] } },
    'tx-alias-burst': { p: { logUniform: [0.01, 0.05] }, second: { uniform: [0.2, 0.6] } },
    'rx-one-behind': {},
    'rx-ring': {},
    'rx-ring-2': {},
    'rx-ring-4': {},
    'eee-wake': { p: { uniform: [0.3, 0.8] } },
    'arp-silent': { afterMs: { uniform: [5, 60] } },
    'arp-silent-revived': { afterMs: { uniform: [5, 40] } },
    'dead-rx': {},
    'fragment-loss': { mtu: { oneOf: [576, 1280, 1400] } },
    'slow-flash': { everyBlocks: { oneOf: [64, 128] }, pauseMs: { uniform: [150, 600] } },
  }
  return [{ fault, values: values[fault] ?? LOSS }]
}

/** Links by the time that a packet takes. */
export const EVALUATED_LINKS = {
  cable: { delayMs: { logUniform: [0.05, 0.4] }, jitterMs: { uniform: [0, 0.03] } },
  /** A tunnel, a wireless bridge, a line to another site. */
  far: { delayMs: { logUniform: [2, 150] }, jitterMs: { uniform: [0, 5] } },
  /** The same where packets differ much. */
  uneven: { delayMs: { logUniform: [1, 40] }, jitterMs: { logUniform: [1, 60] } },
  /** A serial line or a full radio: the packets of a burst wait for each other. */
  narrow: { delayMs: { logUniform: [0.1, 20] }, rateBytesPerSec: { logUniform: [10_000, 1_000_000] } },
} satisfies Record<string, Draws>

export type LinkName = keyof typeof EVALUATED_LINKS

export function evaluate(
  fault: string,
  client: ClientName,
  server: ServerName,
  seed: number,
  link: LinkName = 'cable',
): EvaluatedCase | undefined {
  const healthy = healthyOf(client, server)
  if (!healthy.isSound) return undefined
  const played = playCase(fault, client, server, seed, link)
  const transfer = mainOf(played?.transfers ?? [])
  if (played === undefined || transfer === undefined) return undefined
  return judged(fault, client, server, seed, link, played, transfer, healthy.repeats)
}

interface Healthy {
  /** False for a server that fails this client, or repeats blocks to it, although nothing is wrong: what it does hides any fault. */
  readonly isSound: boolean
  /** DATA packets that repeat a block, although nothing is wrong. */
  readonly repeats: number
}

const healthyPairs = new Map<string, Healthy>()

function healthyOf(client: ClientName, server: ServerName): Healthy {
  const key = `${client} ${server}`
  let healthy = healthyPairs.get(key)
  if (healthy === undefined) {
    const played = playCase('none', client, server, 1)
    const blocks = mainOf(played?.transfers ?? [])?.blocks
    const isSound =
      played?.result.verdict.kind === 'intact' && blocks !== undefined && blocks.datagrams < MOST_REPEATS * blocks.sent
    healthy = { isSound, repeats: blocks === undefined ? 0 : blocks.datagrams - blocks.sent }
    healthyPairs.set(key, healthy)
  }
  return healthy
}

/** Servers that send everything twice are sound; those that send more are not. */
const MOST_REPEATS = 2.5

/** Undefined where the client cannot have the fault. */
export function playCase(
  fault: string,
  client: ClientName,
  server: ServerName,
  seed: number,
  link: LinkName = 'cable',
): PlayedCase | undefined {
  const lab = labOf(fault, client, server, seed, link)
  const device = deviceOf({ ...lab, faults: [] })
  return lab.faults.every((one) => canHave(device, one.fault)) ? play(lab) : undefined
}

export function labOf(fault: string, client: ClientName, server: ServerName, seed: number, link: LinkName): LabCase {
  const values = EVALUATED_CLIENTS[client] ?? {}
  const faults = drawn(fault, client)
  return { client, values, faults, server, link: EVALUATED_LINKS[link], sizeBytes: sizeFor(client), seed }
}

function judged(
  fault: string,
  client: ClientName,
  server: ServerName,
  seed: number,
  link: LinkName,
  played: PlayedCase,
  transfer: CapturedTransfer,
  healthyRepeats: number,
): EvaluatedCase {
  const diagnosis = diagnose(transfer)
  const expected = CALLED[fault] ?? []
  const { causes } = diagnosis
  const best = causes[0]
  const rank = causes.findIndex(({ id }) => expected.includes(id))
  const cause = causes[rank]
  const silentHole = played.result.holes > 0 && diagnosis.outcome === 'complete' && diagnosis.holes.count === 0
  return {
    label: `${client} ${fault} ${server} seed ${seed}${link === 'cable' ? '' : ` ${link}`}`,
    link,
    fault,
    client,
    server,
    seed,
    invisible: fault !== 'none' && isInvisible(fault, played, transfer, healthyRepeats),
    diagnosis,
    expected,
    first: rank === 0,
    level: rank >= 0 && (rank === 0 || (best.confidence - cause.confidence <= LEVEL && best.tellApart !== undefined)),
    alike: rank !== 0 && best !== undefined && isAlikeTo(best.id, labOf(fault, client, server, seed, link), transfer),
    topTwo: rank === 0 || rank === 1,
    both: expected.every((id) => causes.some((c) => c.id === id)),
    isBothHit: played.harmedUp > 0 && played.harmedDown > 0,
    holesInDevice: played.result.holes,
    silentHole,
    serverRight: diagnosis.server === undefined ? undefined : server.startsWith(diagnosis.server.name),
    serverNamed: [diagnosis.server?.name, ...(diagnosis.server?.orElse ?? [])].some(
      (name) => name !== undefined && server.startsWith(name),
    ),
  }
}

/** The first cause that the diagnosis names, played in place of the truth. */
function isAlikeTo(id: CauseId, lab: LabCase, transfer: CapturedTransfer): boolean {
  if (id === 'dead-rx') return isAlike(lab, transfer, NOTHING_ARRIVES)
  const hypothesis = id === 'arp-silent' ? 'outage' : id
  const judged = viewOf(transfer).judgement.judged.find((one) => one.hypothesis === hypothesis)
  return judged !== undefined && isAlike(lab, transfer, judged.story)
}

/** Waits for a timer. */
function pausesOf({ packets }: CapturedTransfer): number {
  let pauses = 0
  for (let i = 1; i < packets.length; i++) if (packets.timeMs(i) - packets.timeMs(i - 1) >= PAUSE_MS) pauses++
  return pauses
}

const PAUSE_MS = 200
const LEVEL = 0.05
const LEAST_HARMED = 3

/** Fewer harmed datagrams than tell a fault from an accident, and the transfer ended all the same; or delays alone. */
function isInvisible(
  fault: string,
  { harmed }: PlayedCase,
  transfer: CapturedTransfer,
  healthyRepeats: number,
): boolean {
  const { blocks, outcome } = transfer
  const whole = outcome.type === 'complete'
  // A request that was lost on its way is not in the capture, and other attempts are other transfers.
  const repeated = blocks.datagrams - blocks.sent - healthyRepeats + pausesOf(transfer)
  if (fault === 'slow-flash') return false
  return whole && (harmed < LEAST_HARMED || repeated < LEAST_HARMED) && fault !== 'rx-one-behind'
}
