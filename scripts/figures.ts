/**
 * Measures what the default policy must show on faulty devices, each row with its target beside it, in virtual time:
 * `npm run figures -- [--json FILE] [--only ROW[,ROW]] [--seeds N]`. Ends with 1 when a row misses its target.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { SERVERS, type ServerName } from '../src/lab/server/catalogue.ts'
import { STORERS } from '../src/lab/storer/catalogue.ts'
import { UPLOADERS, type UploaderName } from '../src/lab/uploader/catalogue.ts'
import { type Figure, FULL, type Progress, type Scale } from '../test/sim/figures.ts'
import { everyFault, FAULT_CLIENTS } from '../test/sim/figures-faults.ts'
import { edk2Loses, healthyClients, labSpeed, pausingClients } from '../test/sim/figures-healthy.ts'
import {
  ackLossRatios,
  againstBest,
  RING_CLIENTS,
  receiveRing,
  ringCases,
  searchedFaults,
  wrongMemory,
} from '../test/sim/figures-speed.ts'
import { ourGet, ourPut, uploadsToUs } from '../test/sim/figures-uploads.ts'

/** The searches take most of the time: five boots of each are enough for a median. */
const SEARCH_SEEDS = 5
/** Uploads are small and quick. */
const UPLOADS_FACTOR = 10
const NOTES_SHOWN = 12

const SECTIONS: Readonly<Record<string, (scale: Scale, progress: Progress) => Iterable<Figure>>> = {
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
    for (const link of scale.links)
      for (const fault of searchedFaults()) yield againstBest(fault, link, fewer, progress)
  },
}

function main(): void {
  const { values } = parseArgs({
    options: { json: { type: 'string' }, only: { type: 'string' }, seeds: { type: 'string' } },
  })
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
  const figures: Figure[] = []
  let row = ''
  for (const name of names) {
    for (const figure of SECTIONS[name]({ ...FULL, seeds }, progress)) {
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
