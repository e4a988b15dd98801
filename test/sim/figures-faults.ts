/** Every fault of the catalogue under the defaults of `serve`: which devices get the whole image, and why others do not. */
import { CLIENTS, type ClientName } from '../../src/lab/device/clients.ts'
import { CLIENT_FAULTS, DEVICE_FAULTS } from '../../src/lab/device/faults.ts'
import type { DeviceFault } from '../../src/lab/device/device.ts'
import { type Boot, FIRMWARE_BYTES, faultOf } from './figures-boot.ts'
import { boots, type Figure, type Progress, type Scale } from './figures.ts'

/** What the device loses, drawn per boot: each factor equally likely. */
const DRAWN_P = [0.01, 0.3] as const
/** Thirty seconds are longer than any of these transfers: the firmware is a third out after 0.8 s in lock-step. */
const ARP_AFTER_MS = 800
/** Of a smaller image the same part; but a revived entry must live until the next of the repeats, one per second. */
const ARP_MS_PER_BYTE = ARP_AFTER_MS / FIRMWARE_BYTES

export const FAULT_CLIENTS = [
  'uboot-1.1.3',
  'strict',
  'uboot-2020',
  'uboot-2023',
  'ipxe',
  'grub',
  'edk2',
  'curl',
  'lwip',
  'rpi4-rom',
] as const satisfies readonly ClientName[]

export function faultsFor(client: ClientName): string[] {
  return Object.keys(DEVICE_FAULTS).filter(
    (name) => name !== 'none' && (CLIENT_FAULTS[name]?.sets ?? []).every((key) => key in CLIENTS[client].parameters),
  )
}

function drawnFault(name: string, client: ClientName, sizeBytes: number): DeviceFault {
  if (name === 'arp-silent') return { fault: name, values: { afterMs: ARP_MS_PER_BYTE * sizeBytes } }
  if (name === 'arp-silent-revived') return { fault: name, values: { afterMs: ARP_AFTER_MS } }
  const parameters: Readonly<Record<string, { readonly usual: number }>> = CLIENTS[client].parameters
  return faultOf(name, DRAWN_P, parameters.blksize?.usual)
}

/** One row for one client. */
export function everyFault(client: ClientName, scale: Scale, progress: Progress = () => {}): Figure {
  const notes: string[] = []
  const excused = new Map<string, number>()
  let runs = 0
  let intact = 0
  let missed = 0
  let harmful = 0
  for (const fault of faultsFor(client)) {
    progress(`${client} x ${fault}`)
    const done = boots(
      { client, faults: [drawnFault(fault, client, scale.sizeBytes)], sizeBytes: scale.sizeBytes },
      scale.seeds,
    )
    runs += done.length
    for (const [index, run] of done.entries()) {
      if (run.harmful) harmful++
      if (run.intact) {
        intact++
        continue
      }
      const reason = noWay(client, fault, run)
      if (reason === undefined) {
        missed++
        notes.push(`MISSED ${fault}, ${describe(index + 1, run)}`)
      } else excused.set(`${fault}: ${reason}`, (excused.get(`${fault}: ${reason}`) ?? 0) + 1)
    }
    const unsure = done.filter((run) => run.verdict === 'intact-but-server-failed')
    if (unsure.length > 0) {
      notes.push(`${fault}: intact, but reported as failed, ${unsure.length} times: ${unsure[0].serverSays}`)
    }
  }
  for (const [reason, count] of excused) notes.push(`${reason} (${count} of ${scale.seeds})`)
  return {
    row: client === 'uboot-1.1.3' ? 'every fault' : 'every fault, other clients',
    what: `${client}, ${faultsFor(client).length} faults x ${scale.seeds} seeds, p 1 to 30 %`,
    target: client === 'uboot-1.1.3' ? 'intact, but for arp-silent and dead-rx' : 'intact where the fault leaves a way',
    measured: `${intact} of ${runs} intact, ${runs - intact - missed} without a way, ${missed} missed, ${harmful} harmful`,
    met: missed === 0 && harmful === 0,
    notes,
    values: { runs, intact, missed, harmful },
  }
}

/** Why no server could have brought this boot to its end; undefined when one could. */
function noWay(client: ClientName, fault: string, run: Boot): string | undefined {
  const isNamed = /never acknowledged/.test(run.serverSays)
  if (fault === 'dead-rx' && isNamed) return `nothing reaches the device; told as "${withoutNumbers(run.serverSays)}"`
  if (fault === 'arp-silent' && isNamed) {
    return `nothing reaches the device any more; told as "${withoutNumbers(run.serverSays)}"`
  }
  if (client === 'uboot-1.1.3') return undefined
  if (!run.heard) return 'its only request was lost, and it never repeats one'
  if (fault === 'arp-silent-revived' && (client === 'lwip' || client === 'grub') && isNamed) {
    return 'it says nothing of its own accord, so nothing revives its address'
  }
  if (client !== 'rpi4-rom') return undefined
  if (fault === 'duplicate') return 'it counts a duplicate made by the network as the next block'
  // A repeat that it did not ask for spoils its image, and it asks five times only.
  if (run.deviceSays === 'timed out')
    return 'six tries of one block by its own timer were lost, and no other may be made'
  return undefined
}

function describe(seed: number, run: Boot): string {
  const drawn = Object.values(run.drawn).map((value) => value.toPrecision(3))
  const cost = `${run.datagramsPerBlock.toFixed(2)} datagrams per block, ${Math.round(run.ms)} ms`
  return `seed ${seed} (p ${drawn.join(' ')}): ${run.verdict}, ${cost}; device: ${run.deviceSays}; server: ${run.serverSays}`
}

function withoutNumbers(text: string): string {
  return text.replace(/^"?test.bin"? to [^ ]+ /, '').replace(/block \d+ of \d+/, 'block N')
}
