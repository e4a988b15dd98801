/**
 * The second boot of a faulty device, with a restart of the server between: what was learnt goes through the form that the database has. Its speed
 * against the best fixed policy for that device, and whether the long wait of the first boot is gone.
 */
import { DEVICES, readFaults, runCell, withFaults } from '../../src/lab/index.ts'
import type { Device } from '../../src/lab/device/device.ts'
import { median } from '../../src/lab/median.ts'
import { isIntact, type Row } from '../../src/lab/run.ts'
import { foresend } from '../../src/lab/server/foresend.ts'
import type { ServerModel } from '../../src/lab/server/model.ts'
import { updateOf } from '../../src/history/devices.ts'
import { DeviceMemory } from '../../src/profile/memory.ts'
import { FIRMWARE_BYTES, range } from './figures-boot.ts'
import type { Figure, Progress } from './figures.ts'

const DEVICE = 'archer-c2-good'
const SIZE_BYTES = FIRMWARE_BYTES
const BYTES_PER_SEC = 12.5e6
const LEAST = 0.9
/** Where the first or the last block is lost no memory helps: one boot in five may wait again. */
const MOST_AGAIN = 0.2
/** A wait that a person sees: the first timeout of a device that is not known is a quarter of a second (rule A6). */
const STALL_MS = 200

/**
 * Faults of the lab that make a device wait in lock-step, and that a window or a quick repeat cures. Not among them: those that leave lock-step alone
 * (`reorder`, `duplicate`, `rx-ring`, `console-slow`), pauses of the device's own (`slow-flash`), `eee-wake`, which no policy cures, and `rx-one-behind`,
 * where DATA 1 waits in the device and rule A5 lets nothing follow it.
 */
export const CURABLE = [
  'ack-loss',
  'tx-alias-burst',
  'ack-stale',
  'tx-hold',
  'tx-hold-alias',
  'data-loss',
  'bit-errors',
  'rx-hold',
] as const

const FIXED: readonly ServerModel[] = [
  ...[1, 2, 4, 8, 16, 32, 64].map((window) => foresend({ window })),
  ...[2, 8].map((window) => foresend({ window, copies: 2 })),
]

export function reboot(fault: string, seeds: number, progress: Progress = () => {}): Figure {
  progress(`reboot, ${fault}`)
  const faulty = withFaults(DEVICES[DEVICE], readFaults(fault))
  const device: Device = { ...faulty, link: { ...faulty.link, rateBytesPerSec: BYTES_PER_SEC } }
  const cell = (model: ServerModel, seed: number, boot: number, memory?: DeviceMemory): Row =>
    runCell({
      device,
      server: 'foresend',
      model,
      sizeBytes: SIZE_BYTES,
      seed,
      boot,
      ...(memory === undefined ? {} : { memory }),
    }).row
  const speeds = (rows: readonly Row[]): number => median(rows.map(speedOf)) ?? 0
  const best = Math.max(...FIXED.map((model) => speeds(range(seeds).map((seed) => cell(model, seed, 2)))))
  const ours = foresend({ window: 'auto' })
  const first: Row[] = []
  const second: Row[] = []
  for (const seed of range(seeds)) {
    const memory = new DeviceMemory()
    first.push(cell(ours, seed, 1, memory))
    second.push(cell(ours, seed, 2, restarted(memory)))
  }
  const share = best === 0 ? 1 : speeds(second) / best
  const stalled = first.filter(({ longestGapMs }) => longestGapMs >= STALL_MS)
  const again = second.filter((row, i) => first[i].longestGapMs >= STALL_MS && row.longestGapMs >= STALL_MS)
  const longest = (rows: readonly Row[]): number => Math.max(...rows.map(({ longestGapMs }) => longestGapMs))
  const intact = second.filter(isIntact).length
  return {
    row: 'reboot',
    what: `${fault}, the second boot after a restart`,
    target: `at least ${LEAST} of the best fixed policy, a wait of ${STALL_MS} ms in at most a fifth of those whose first boot had one`,
    measured: `${share.toFixed(2)} of ${Math.round(best / 1000)} kB/s; ${stalled.length} first boots waited (${Math.round(longest(first))} ms at most), ${again.length} of these again (${Math.round(longest(second))} ms); ${intact} of ${seeds} intact`,
    met: share >= LEAST && again.length <= MOST_AGAIN * stalled.length && intact === seeds,
    notes: [],
    values: { share, again: again.length, intact },
  }
}

function speedOf(row: Row): number {
  return isIntact(row) ? row.bytesPerSec : 0
}

/** What a server knows that begins where one ended that knew `memory`. */
function restarted(memory: DeviceMemory): DeviceMemory {
  const known = new DeviceMemory()
  for (const { device, learnt, time, count } of memory.all()) {
    const update = updateOf({ identity: device, learnt: JSON.stringify(learnt), learnt_ms: time, learnt_count: count })
    if (update !== undefined) known.merge(update)
  }
  return known
}
