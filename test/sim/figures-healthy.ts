/** What a healthy device must not notice, what one lost packet may cost, and how fast the lab itself is. */
import { CLIENTS, type ClientName } from '../../src/lab/device/clients.ts'
import { dropNth } from '../../src/lab/index.ts'
import { boot, DEFAULTS, FIRMWARE_BYTES, faultOf, range, STRICT } from './figures-boot.ts'
import type { Figure, Progress, Scale } from './figures.ts'

/** Every client without a fault: the very same packets at the very same times as `strict`, one datagram per block. */
export function healthyClients(scale: Scale, progress: Progress = () => {}): Figure {
  const notes: string[] = []
  const clients = Object.keys(CLIENTS) as ClientName[]
  let worst = 0
  let same = 0
  for (const client of clients) {
    progress(client)
    const spec = { client, sizeBytes: scale.sizeBytes, seed: 1, digest: true }
    const ours = boot({ ...spec, server: DEFAULTS })
    const strict = boot({ ...spec, server: STRICT })
    worst = Math.max(worst, ours.datagramsPerBlock)
    const equal = ours.verdict === 'intact' && ours.digest === strict.digest && ours.ms === strict.ms
    if (equal) same++
    else notes.push(`${client}: ${ours.ms} ms against ${strict.ms}, ${ours.verdict}`)
  }
  return {
    row: 'healthy clients',
    what: `${clients.length} clients, no fault`,
    target: '1.00 datagrams per block; equal to strict, packet by packet',
    measured: `${worst.toFixed(4)} datagrams per block at most; ${same} of ${clients.length} equal`,
    met: worst === 1 && same === clients.length,
    notes,
    values: { datagramsPerBlock: worst, equal: same, clients: clients.length },
  }
}

/** A device that only pauses to write its flash, for the record: how much is sent for nothing, and that it gets its image. */
export function pausingClients(scale: Scale, progress: Progress = () => {}): Figure {
  const notes: string[] = []
  const clients = Object.keys(CLIENTS) as ClientName[]
  let intact = 0
  let worst = 0
  for (const client of clients) {
    progress(client)
    const spec = { client, faults: [faultOf('slow-flash')], sizeBytes: scale.sizeBytes, seed: 1 }
    const ours = boot(spec)
    const strict = boot({ ...spec, server: STRICT })
    worst = Math.max(worst, ours.datagramsPerBlock)
    if (ours.intact) intact++
    if (!ours.intact || ours.ms > 1.05 * strict.ms || ours.datagramsPerBlock > 1.05 * strict.datagramsPerBlock) {
      notes.push(
        `${client}: ${ours.datagramsPerBlock.toFixed(3)} datagrams per block, ${Math.round(ours.ms)} ms, ${ours.verdict} (${ours.serverSays}); strict: ${strict.datagramsPerBlock.toFixed(3)}, ${Math.round(strict.ms)} ms, ${strict.verdict}`,
      )
    }
  }
  return {
    row: 'healthy clients',
    what: `${clients.length} clients that pause 300 ms after each 128 blocks`,
    target: 'intact, as with strict',
    measured: `${intact} of ${clients.length} intact, ${worst.toFixed(3)} datagrams per block at most`,
    met: intact === clients.length,
    notes,
    values: { intact, clients: clients.length, datagramsPerBlock: worst },
  }
}

/** 1.7 MB, the download that a naive server turned into 20 GB. */
const EDK2_BYTES = 1_700_000
const LOST = 50
const EDK2_MOST = 1.5

/** EDK2 with a window of four, and each of the first packets of either direction lost, one at a time. */
export function edk2Loses(progress: Progress = () => {}): Figure {
  let worst = 0
  let worstAt = ''
  let failed = 0
  for (const direction of ['down', 'up'] as const) {
    for (const n of range(LOST)) {
      progress(`${direction} ${n}`)
      const run = boot({ client: 'edk2', sizeBytes: EDK2_BYTES, seed: 1, [direction]: [dropNth([n])] })
      if (!run.intact) failed++
      if (run.datagramsPerBlock <= worst) continue
      worst = run.datagramsPerBlock
      worstAt = `${direction === 'down' ? 'to' : 'from'} the device, packet ${n}`
    }
  }
  return {
    row: 'EDK2, one lost packet',
    what: `windowsize 4, each of the first ${LOST} packets either way`,
    target: `at most ${EDK2_MOST} datagrams per block`,
    measured: `${worst.toFixed(3)} at most (${worstAt})`,
    met: worst <= EDK2_MOST && failed === 0,
    notes: failed === 0 ? [] : [`${failed} of ${2 * LOST} did not end in an intact image`],
    values: { datagramsPerBlock: worst, failed },
  }
}

const LAB_TARGET = 400_000
const LAB_SECONDS = 3

/** Datagrams per second of CPU, both directions, device and server included. Not asserted: machines differ. */
export function labSpeed(cpuSeconds: () => number): Figure {
  const runs: readonly { readonly client: ClientName; readonly faults: readonly string[] }[] = [
    { client: 'uboot-1.1.3', faults: [] },
    { client: 'uboot-1.1.3', faults: ['ack-loss'] },
    { client: 'window', faults: [] },
    { client: 'edk2', faults: ['data-loss'] },
  ]
  let delivered = 0
  // The first round is the compiler's.
  for (const { client, faults } of runs)
    boot({ client, faults: faults.map((f) => faultOf(f)), sizeBytes: FIRMWARE_BYTES, seed: 1 })
  const startedAt = cpuSeconds()
  for (let seed = 1; cpuSeconds() - startedAt < LAB_SECONDS; seed++) {
    for (const { client, faults } of runs) {
      delivered += boot({ client, faults: faults.map((f) => faultOf(f)), sizeBytes: FIRMWARE_BYTES, seed }).delivered
    }
  }
  const perSecond = delivered / (cpuSeconds() - startedAt)
  return {
    row: 'speed of the lab',
    what: 'simulated datagrams per second and core',
    target: `at least ${LAB_TARGET}`,
    measured: perSecond.toFixed(0),
    met: perSecond >= LAB_TARGET,
    notes: [],
    values: { perSecond },
  }
}
