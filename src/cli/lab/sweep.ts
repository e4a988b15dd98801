/** `foresend lab sweep`: search seeds for a transfer that does harm or stands still. */
import { Command } from 'commander'
import { type Cell, type Device, DEVICE_FAULTS, type Row, withFaults } from '../../lab/index.ts'
import { canHave } from '../../lab/device/device.ts'
import { Rng } from '../../lab/rng.ts'
import { isIntact } from '../../lab/run.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { wholeNumber } from '../flags.ts'
import { devicesFor, isDeviceFile, type NamedServer, serversFor, withEachFault } from './names.ts'
import { addCellFlags, runCells, seedFlag } from './run.ts'
import { LONG } from './render/words.ts'
import { countText, durationText } from '../render/units.ts'

const DESCRIPTION = `Search seeds for a transfer that does harm (a hole, wrong bytes, a success reported for what is not there) or stands still.

Each seed draws a device, a server, a fault and a size from what is given. What is found is one line that runs it again.`

const EXAMPLES = `
Examples:
  foresend lab sweep                                  Foresend's own servers, 1000 seeds
  foresend lab sweep --seeds 100000 --find harm
  foresend lab sweep --server py3tftp --device window-16 --fault data-loss
  foresend lab sweep --find stall --stall-ms 2000 --device uboot-1.1

Exit codes: 0 nothing found, 1 found, or it was stopped before the end, 2 usage.
`

interface SweepFlags {
  readonly device?: readonly string[]
  readonly server?: readonly string[]
  readonly fault?: readonly string[]
  readonly size?: number
  readonly seed?: number
  readonly seeds?: number
  readonly find?: readonly Finding[]
  readonly stallMs?: number
  readonly all?: true
}

type Finding = 'harm' | 'stall'

const DEFAULT_SEEDS = 1000
/** A device that pauses for less may be writing its flash. */
const DEFAULT_STALL_MS = 10_000
const MOST_BLOCKS = 2000

export function labSweepCommand(context: Context, done: (exitCode: number) => void): Command {
  return addCellFlags(new Command('sweep').summary('search seeds for a hole or a stall').description(DESCRIPTION))
    .option('--seed <N>', 'the first seed (1)', seedFlag)
    .option('--seeds <N>', 'how many to try (1000)', wholeNumber('seeds', 1, 1_000_000_000))
    .optionsGroup('What it looks for:')
    .option('--find <WHAT>', 'harm, stall, or both: harm,stall (harm,stall)', findFlag)
    .option(
      '--stall-ms <MS>',
      'a stall: a transfer that succeeds, but stood still so long (10000)',
      wholeNumber('milliseconds', 1, 86_400_000),
    )
    .option('--all', 'go on after the first')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: SweepFlags) => done(await labSweep(context, flags)))
}

function findFlag(text: string): readonly Finding[] {
  const words = text.split(',')
  if (!words.every((word): word is Finding => word === 'harm' || word === 'stall')) {
    throw usageError(`--find takes harm, stall, or harm,stall; it was given ${JSON.stringify(text)}`)
  }
  return words
}

async function labSweep(context: Context, flags: SweepFlags): Promise<number> {
  const devices = withEachFault(devicesFor(flags.device), flags.fault)
  const servers = serversFor(flags.server ?? ['foresend*'])
  const first = flags.seed ?? 1
  const count = flags.seeds ?? DEFAULT_SEEDS
  const find = flags.find ?? ['harm', 'stall']
  const stallMs = flags.stallMs ?? DEFAULT_STALL_MS
  let tried = 0
  let found = 0
  // A device of one's own is known by its file.
  const paths = (flags.device ?? []).filter(isDeviceFile)
  const files = new Map(paths.map((path) => [devicesFor([path])[0].name, path]))
  await runCells(context, draws(first, count, devices, servers, flags), count, ({ row }) => {
    tried++
    const what = findingOf(row, find, stallMs)
    if (what === undefined) return false
    found++
    context.stdout.write(
      `${what}: foresend lab run --device ${files.get(row.device) ?? row.device} --server ${row.server} --fault ${quoted(row.fault)} --size ${row.sizeBytes} --seed ${row.seed}\n`,
    )
    return flags.all !== true
  })
  // The first case ends it; less than all without one is a signal.
  const isCut = tried < count && (found === 0 || flags.all === true)
  const cut = isCut ? ` (stopped: ${tried} of ${count})` : ''
  context.stderr.write(
    `${countText(tried, 'seed')} tried${cut}, ${found === 0 ? 'nothing' : countText(found, 'case')} found\n`,
  )
  return found > 0 || isCut ? EXIT.failed : EXIT.done
}

function findingOf(row: Row, find: readonly Finding[], stallMs: number): string | undefined {
  if (row.harmful && find.includes('harm')) return LONG[row.verdict]
  if (!find.includes('stall') || !isIntact(row) || row.longestGapMs < stallMs) return undefined
  return `stood still for ${durationText(row.longestGapMs)}`
}

function* draws(
  first: number,
  count: number,
  devices: readonly Device[],
  servers: readonly NamedServer[],
  flags: SweepFlags,
): Generator<Cell, void, void> {
  for (let index = 0; index < count; index++) yield drawCell(first + index, devices, servers, flags)
}

/** The same seed draws the same cell; everything that is drawn can be said on a command line. */
function drawCell(seed: number, devices: readonly Device[], servers: readonly NamedServer[], flags: SweepFlags): Cell {
  const rng = new Rng(seed, 'sweep')
  const pick = <T>(values: readonly T[]): T => values[rng.int(values.length)]
  const device = pick(devices)
  const { name, model } = pick(servers)
  const own = flags.fault !== undefined || rng.chance(0.5)
  const sizeBytes = flags.size ?? Math.floor(rng.logUniform(1, MOST_BLOCKS * 512))
  return { device: own ? device : withDrawnFault(device, rng), server: name, model, sizeBytes, seed }
}

function withDrawnFault(device: Device, rng: Rng): Device {
  const names = Object.keys(DEVICE_FAULTS).filter((name) => canHave(device, name))
  const fault = names[rng.int(names.length)]
  const p = Number(rng.logUniform(0.005, 0.3).toFixed(3))
  return withFaults(device, [{ fault, values: 'p' in DEVICE_FAULTS[fault].parameters ? { p } : {} }])
}

function quoted(fault: string): string {
  return /[|;*?]/.test(fault) ? `'${fault}'` : fault
}
