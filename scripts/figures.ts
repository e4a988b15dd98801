/** Measures what the default policy must show on faulty devices, each row with its target beside it, in virtual time. `--help` lists the options. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { DEVICES } from '../src/lab/device/catalogue.ts'
import { SERVERS, type ServerName } from '../src/lab/server/catalogue.ts'
import { STORERS } from '../src/lab/storer/catalogue.ts'
import { UPLOADERS, type UploaderName } from '../src/lab/uploader/catalogue.ts'
import { type Figure, FULL, type Progress, type Scale } from '../test/sim/figures.ts'
import { everyFault, FAULT_CLIENTS } from '../test/sim/figures-faults.ts'
import { KNOWN_DEVICES, knownCases } from '../test/sim/figures-known.ts'
import {
  drawPair,
  isMemoryKind,
  manyLucks,
  MEMORY_KINDS,
  memoryCosts,
  memoryTotal,
  pairText,
  playPair,
} from '../test/sim/figures-memory.ts'
import { product, productTotal } from '../test/sim/figures-product.ts'
import { edk2Loses, healthyClients, labSpeed, pausingClients } from '../test/sim/figures-healthy.ts'
import {
  ackLossRatios,
  againstBest,
  RING_CLIENTS,
  receiveRing,
  ringCases,
  roomOf,
  searchedFaults,
  wrongMemory,
} from '../test/sim/figures-speed.ts'
import { CURABLE, reboot } from '../test/sim/figures-reboot.ts'
import { ourGet, ourPut, uploadsToUs } from '../test/sim/figures-uploads.ts'

/** The searches take most of the time: five boots of each are enough for a median. */
const SEARCH_SEEDS = 5
/** Uploads are small and quick. */
const UPLOADS_FACTOR = 10
/** 40 boots of each cell, 200 of each known case, 10,000 pairs over the five kinds of memory. */
const PRODUCT_FACTOR = 2
const KNOWN_FACTOR = 10
const MEMORY_FACTOR = 100
/** The limit is a share of the boots: of twenty, one boot more or less decides. */
const REBOOT_FACTOR = 3
const NOTES_SHOWN = 12

/** Some cells of the row `product`: these devices, and faults with this in their text. */
interface Part {
  readonly clients: readonly string[]
  readonly cells: string
}

const SECTIONS: Readonly<Record<string, (scale: Scale, progress: Progress, part: Part) => Iterable<Figure>>> = {
  lab: () => [labSpeed(cpuSeconds)],
  healthy: (scale, progress) => [healthyClients(scale, progress), pausingClients(scale, progress)],
  edk2: (_scale, progress) => [edk2Loses(progress)],
  'ack-loss': ackLossRatios,
  *rings(scale, progress) {
    const fewer = { ...scale, seeds: Math.min(scale.seeds, SEARCH_SEEDS) }
    for (const one of ringCases(scale.links)) {
      progress(`${one.ring} x ${one.client}`)
      yield receiveRing(one, fewer)
    }
    for (const client of RING_CLIENTS) yield wrongMemory(client, fewer)
  },
  *faults(scale, progress) {
    for (const client of FAULT_CLIENTS) yield everyFault(client, scale, progress)
  },
  *uploads(scale, progress) {
    const more = { ...scale, seeds: UPLOADS_FACTOR * scale.seeds }
    for (const client of Object.keys(UPLOADERS) as UploaderName[]) yield uploadsToUs(client, more, progress)
    for (const server of Object.keys(STORERS)) yield ourPut(server, more, progress)
    for (const server of Object.keys(SERVERS) as ServerName[]) yield ourGet(server, more, progress)
  },
  *best(scale, progress) {
    const fewer = { ...scale, seeds: Math.min(scale.seeds, SEARCH_SEEDS) }
    const rows: Figure[] = []
    for (const link of scale.links)
      for (const fault of searchedFaults()) {
        const row = againstBest(fault, link, fewer, progress)
        rows.push(row)
        yield row
      }
    for (const row of rows) {
      const room = roomOf(row)
      if (room !== undefined) yield room
    }
  },
  *product(scale, progress, { clients, cells }) {
    const more = { ...scale, seeds: PRODUCT_FACTOR * scale.seeds }
    const rows: Figure[] = []
    for (const device of clients) {
      const row = product(device, more, progress, cells)
      rows.push(row)
      yield row
    }
    yield productTotal(rows)
  },
  *known(scale, progress) {
    const more = { ...scale, seeds: KNOWN_FACTOR * scale.seeds }
    for (const device of KNOWN_DEVICES) {
      progress(device)
      yield* knownCases(device, more)
    }
  },
  *reboot(scale, progress) {
    for (const fault of CURABLE) yield reboot(fault, REBOOT_FACTOR * scale.seeds, progress)
  },
  *memory(scale, progress) {
    const rows: Figure[] = []
    for (const kind of MEMORY_KINDS) {
      const row = memoryCosts(kind, MEMORY_FACTOR * scale.seeds, progress)
      rows.push(row)
      yield row
    }
    yield memoryTotal(rows)
  },
}

const HELP = `npm run figures -- [options]: what the default policy must show on faulty devices, in virtual time.
Ends with 1 when a figure misses its target, with 2 when an option makes no sense.

  --only ROW[,ROW]       some rows: ${Object.keys(SECTIONS).join(', ')}
  --seeds N              boots of each case, which scales every row (default ${FULL.seeds})
  --json FILE            writes all figures with all their notes
  --clients NAME[,NAME]  product: some devices (names: foresend lab list)
  --cells TEXT           product: the cells with this in the text of their fault
  --pair KIND:N          plays one pair of the row memory again, as a note of the row names it
  --help                 prints this
`

const OPTIONS = {
  json: { type: 'string' },
  only: { type: 'string' },
  seeds: { type: 'string' },
  pair: { type: 'string' },
  clients: { type: 'string' },
  cells: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

function main(): void {
  let values
  try {
    values = parseArgs({ options: OPTIONS }).values
  } catch (error) {
    console.error(`${String(error instanceof Error ? error.message : error).split('. ')[0]}; --help lists the options`)
    process.exitCode = 2
    return
  }
  if (values.help === true) return console.log(HELP)
  const names = values.only === undefined ? Object.keys(SECTIONS) : values.only.split(',')
  const unknown = names.find((name) => !(name in SECTIONS))
  const seeds = Number(values.seeds ?? FULL.seeds)
  if (unknown !== undefined || !Number.isInteger(seeds) || seeds < 1) {
    console.error(
      unknown === undefined
        ? `--seeds: expected a whole number above 0, found ${values.seeds}`
        : `--only: unknown row ${unknown}; known: ${Object.keys(SECTIONS).join(', ')}`,
    )
    process.exitCode = 2
    return
  }
  const clients = values.clients?.split(',') ?? Object.keys(DEVICES)
  const stranger = clients.find((client) => !(client in DEVICES))
  if (stranger !== undefined) {
    console.error(`--clients: unknown device ${stranger}; known: ${Object.keys(DEVICES).join(', ')}`)
    process.exitCode = 2
    return
  }
  if (values.pair !== undefined) return playOnePair(values.pair)
  const figures: Figure[] = []
  let row = ''
  for (const name of names) {
    for (const figure of SECTIONS[name]({ ...FULL, seeds }, progress, { clients, cells: values.cells ?? '' })) {
      clear()
      if (figure.row !== row) console.log(`\n${figure.row}`)
      row = figure.row
      print(figure)
      figures.push(figure)
    }
  }
  const missed = figures.filter(({ met }) => met === false)
  console.log(`\n${figures.length} figures, ${missed.length} miss their target`)
  for (const { row: of, what } of missed) console.log(`  ${of}: ${what}`)
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ scale: { ...FULL, seeds }, figures }, null, 2)}\n`)
  process.exitCode = missed.length > 0 ? 1 : 0
}

/** As a note of the row names it. */
function playOnePair(text: string): void {
  const [kind, number] = text.split(':')
  if (!isMemoryKind(kind) || !(Number(number) > 0)) {
    console.error(`--pair: expected KIND:N, found ${text}; kinds: ${MEMORY_KINDS.join(', ')}`)
    process.exitCode = 2
    return
  }
  const result = playPair(drawPair(Number(number), kind))
  const lucks = manyLucks(result.pair)
  console.log(
    `${pairText(result)}, ${result.ratio.toFixed(2)} times (another luck without memory: ${result.luckRatio.toFixed(2)})`,
  )
  console.log(
    `over all lucks: median ${lucks.median.toFixed(2)}, sum ${lucks.sum.toFixed(2)}; luck alone: median ${lucks.luckMedian.toFixed(2)}, sum ${lucks.luckSum.toFixed(2)}`,
  )
}

function print({ what, target, measured, met, notes }: Figure): void {
  const mark = met === undefined ? '     ' : met ? 'ok   ' : 'MISS '
  console.log(`  ${mark}${what.padEnd(58)}  ${measured}  [${target}]`)
  for (const note of notes.slice(0, NOTES_SHOWN)) console.log(`         ${note}`)
  if (notes.length > NOTES_SHOWN) console.log(`         … and ${notes.length - NOTES_SHOWN} more (--json has them all)`)
}

/** What is being measured, on a terminal only: one line that the next figure replaces. */
const progress: Progress = (what) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${what}`)
}

function clear(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001B[K')
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

main()
