/** Draws a whole transfer from a seed: which device, which policy, which faults, how large. The same seed, the same transfer. */
import {
  type Client,
  type ClientConfig,
  curlClient,
  edk2Client,
  FAULTS,
  type FaultName,
  grubClient,
  ipxeClient,
  lwipClient,
  Rng,
  rpi4RomClient,
  strictClient,
  uboot113,
  uboot2008,
  uboot2020,
  uboot2023,
  WindowClient,
} from '../../src/lab/index.ts'
import type { WindowPolicy } from '../../src/transfer/contract.ts'
import type { Agreed } from '../../src/transfer/negotiate.ts'
import { adaptive } from '../../src/transfer/policy/adaptive.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { negotiated } from '../../src/transfer/policy/negotiated.ts'
import { strict } from '../../src/transfer/policy/strict.ts'
import type { LogHash } from './log-hash.ts'
import { runTransfer, type TransferRun, type TransferSpec } from './transfer.ts'

type MakeClient = (device: Pick<ClientConfig, 'sizeBytes' | 'slowFlash'>, rng: Rng) => Client
type MakePolicy = (agreed: Agreed) => WindowPolicy

const blocks = (windowBlocks: number) => () => anticipation({ windowBlocks })

/** Every behaviour of the device table, those that acknowledge by windows among them. */
export const CLIENTS: Readonly<Record<string, MakeClient>> = {
  strict: (device) => strictClient({ ...device, dallyMs: 3000 }),
  'strict-gone': (device) => strictClient(device),
  'uboot-1.1.3': (device) => uboot113(device),
  'uboot-2008': (device) => uboot2008(device),
  'uboot-2020': (device, rng) => uboot2020({ ...device, ...windowsize(rng) }),
  'uboot-2023': (device, rng) => uboot2023({ ...device, ...windowsize(rng) }),
  lwip: (device) => lwipClient(device),
  ipxe: (device) => ipxeClient(device),
  grub: (device) => grubClient(device),
  edk2: (device, rng) => edk2Client({ ...device, windowsize: 1 + rng.int(6), probe: rng.chance(0.2) }),
  curl: (device) => curlClient(device),
  'rpi4-rom': (device, rng) => rpi4RomClient({ ...device, blksize: rng.chance(0.5) ? 1024 : 512 }),
  window: (device, rng) =>
    new WindowClient({
      ...device,
      windowsize: 1 + Math.floor(rng.logUniform(1, 64)),
      acknowledgeEach: rng.chance(0.3) ? 'block' : 'window',
      repeat: rng.chance(0.5) ? 'ignore' : 'acknowledge',
      dallyMs: rng.chance(0.5) ? 3000 : 0,
    }),
}

/** For clients that did not negotiate a window; the others always get `negotiated`. */
export const POLICIES: Readonly<Record<string, MakePolicy>> = {
  strict: (agreed) => strict(agreed.timeoutMs),
  'lock-step': blocks(1),
  'window-2': blocks(2),
  'window-3': blocks(3),
  'window-8': blocks(8),
  adaptive: () => adaptive(),
  'adaptive-learnt': () => adaptive({ learnt: { windowBlocks: 8, gapMs: 0 }, firstRtoMs: 10 }),
  'adaptive-apart': () => adaptive({ learnt: { windowBlocks: 2, gapMs: 0.2 }, firstRtoMs: 10 }),
  'copies-2': () => anticipation({ windowBlocks: 1, copies: 2, gapMs: 1 }),
  'window-4-gap': () => anticipation({ windowBlocks: 4, gapMs: 0.5 }),
}

/** Combinations that no server can see through, each with its reason. */
export function isBeyondAnyServer(client: string, faults: readonly FaultName[]): boolean {
  if (client !== 'rpi4-rom') return false
  // The network's own duplicate of a block is counted as the next block by this ROM before the server can know.
  if (faults.includes('duplicate')) return true
  // The one repeat that its own timer asks for stays in the card and takes the place of a later block that is lost.
  return faults.length > 1 && faults.some((name) => name === 'rx-hold' || name === 'rx-one-behind')
}

export interface Scenario {
  readonly client: string
  readonly policy: string
  readonly faults: readonly FaultName[]
  readonly spec: TransferSpec
  /** One line that runs it again. */
  readonly label: string
}

const FAULT_NAMES = (Object.keys(FAULTS) as FaultName[]).filter((name) => name !== 'none')
const MOST_BLOCKS = 2000

/** What a test may pin; everything else is drawn. */
export interface Pinned {
  readonly clients?: readonly string[]
  readonly policies?: readonly string[]
  readonly sizeBytes?: number
}

export function drawScenario(seed: number, pinned: Pinned = {}): Scenario {
  const rng = new Rng(seed, 'scenario')
  const client = pick(rng, pinned.clients ?? Object.keys(CLIENTS))
  const policy = pick(rng, pinned.policies ?? Object.keys(POLICIES))
  const drawn = drawFaults(rng)
  const faults = isBeyondAnyServer(client, drawn) ? [] : drawn
  const p = rng.logUniform(0.005, 0.3)
  const sizeBytes = pinned.sizeBytes ?? drawSize(rng)
  const delayMs = rng.logUniform(0.02, 20)
  const slowFlash = drawSlowFlash(new Rng(seed, 'slow-flash'))
  const spec: TransferSpec = {
    sizeBytes,
    seed,
    delayMs,
    jitterMs: rng.chance(0.3) ? delayMs * rng.float() : 0,
    near: delayMs < 5,
    known: rng.chance(0.3),
    client: (_, r) => CLIENTS[client]({ sizeBytes, ...slowFlash }, r),
    policy: (agreed) =>
      agreed.windowNegotiated ? negotiated({ windowBlocks: agreed.windowsize }) : POLICIES[policy](agreed),
    up: (r) => faults.flatMap((name) => FAULTS[name](r.fork(name), p).up),
    down: (r) => faults.flatMap((name) => FAULTS[name](r.fork(name), p).down),
  }
  const pauses = slowFlash.slowFlash === undefined ? '' : `, pauses ${slowFlash.slowFlash.pauseMs.toFixed(0)} ms`
  const label = `seed ${seed}: ${client} x ${policy} x ${faults.join('+') || 'clean'} (p ${p.toFixed(3)}), ${sizeBytes} bytes, ${delayMs.toFixed(2)} ms${pauses}`
  return { client, policy, faults, spec, label }
}

/** Transfers across the wrap of the block number in one run of the tests. */
export const CHEAP_ROLLOVERS = 40

/** Devices that take blocks of 8 bytes, so that a wrap costs half a megabyte and not 32. */
const SMALL_BLOCK_CLIENTS: Readonly<Record<string, MakeClient>> = {
  strict: (device) => strictClient({ ...device, blksize: 8, dallyMs: 3000 }),
  'uboot-1.1.3': (device) => uboot113({ ...device, blksize: 8 }),
  'uboot-2008': (device) => uboot2008({ ...device, blksize: 8 }),
  ipxe: (device) => ipxeClient({ ...device, blksize: 8 }),
  window: (device, rng) =>
    new WindowClient({
      ...device,
      blksize: 8,
      windowsize: 1 + Math.floor(rng.logUniform(1, 64)),
      rollover: rng.chance(0.3) ? 1 : 0,
      dallyMs: 3000,
    }),
}

/** The wrap in the middle of whatever may go wrong, with rates of loss that leave a chance after 65,535 blocks. */
export function drawRollover(seed: number): Scenario {
  const rng = new Rng(seed, 'rollover')
  const client = pick(rng, Object.keys(SMALL_BLOCK_CLIENTS))
  const policy = pick(
    rng,
    Object.keys(POLICIES).filter((name) => name !== 'strict' && name !== 'copies-2'),
  )
  // What a network duplicates at the wrap no server can see, and U-Boot 1.1.x counts it twice.
  const names = FAULT_NAMES.filter((name) => name !== 'duplicate' && name !== 'dead-rx' && !name.startsWith('arp'))
  const faults = [pick(rng, names)]
  const p = rng.logUniform(0.0005, 0.01)
  const sizeBytes = 8 * (65_536 + rng.int(300) - 20) + rng.int(8)
  const delayMs = rng.logUniform(0.02, 2)
  const spec: TransferSpec = {
    sizeBytes,
    seed,
    delayMs,
    client: (_, r) => SMALL_BLOCK_CLIENTS[client]({ sizeBytes }, r),
    policy: (agreed) =>
      agreed.windowNegotiated ? negotiated({ windowBlocks: agreed.windowsize }) : POLICIES[policy](agreed),
    up: (r) => faults.flatMap((name) => FAULTS[name](r.fork(name), p).up),
    down: (r) => faults.flatMap((name) => FAULTS[name](r.fork(name), p).down),
  }
  const label = `rollover seed ${seed}: ${client} x ${policy} x ${faults.join('+')} (p ${p.toFixed(4)}), ${sizeBytes} bytes`
  return { client, policy, faults, spec, label }
}

/** `log` sees both links. */
export function runScenario(scenario: Scenario, log?: LogHash): TransferRun {
  return runTransfer(log === undefined ? scenario.spec : { ...scenario.spec, upTap: log.up, downTap: log.down })
}

function drawFaults(rng: Rng): FaultName[] {
  const count = rng.chance(0.1) ? 0 : rng.chance(0.6) ? 1 : 2
  const names: FaultName[] = []
  while (names.length < count) {
    const name = pick(rng, FAULT_NAMES)
    if (!names.includes(name)) names.push(name)
  }
  return names
}

/** `slow-flash` sits in the client: one device in ten stops to write, from no time at all to longer than anybody's timer. */
function drawSlowFlash(rng: Rng): Pick<ClientConfig, 'slowFlash'> {
  if (!rng.chance(0.1)) return {}
  return { slowFlash: { everyBlocks: 1 + Math.floor(rng.logUniform(1, 256)), pauseMs: rng.logUniform(1, 3000) } }
}

/** Log-uniform from 0 to 2000 blocks of 512, exact multiples among them. */
function drawSize(rng: Rng): number {
  const blockCount = Math.floor(rng.logUniform(1, MOST_BLOCKS + 1)) - 1
  return blockCount * 512 + (rng.chance(0.3) ? 0 : rng.int(512))
}

function windowsize(rng: Rng): { windowsize?: number } {
  return rng.chance(0.5) ? { windowsize: 2 + rng.int(31) } : {}
}

function pick<T>(rng: Rng, values: readonly T[]): T {
  return values[rng.int(values.length)]
}
