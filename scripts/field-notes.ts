/**
 * Writes what the lab knows into the pages of docs/field-notes/: `npm run field-notes`. Each part stands between
 * `<!-- lab:NAME -->` and `<!-- /lab:NAME -->`. A test fails when a page and the lab differ.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { uboot113 } from '../src/lab/client/uboot-classic.ts'
import { EXPLAINED_SERVERS, type ExplainedCell, type ExplainedServer, explain } from '../src/lab/explain.ts'
import { type Fit, type FaultVerdict, judgeFault, OBSERVATIONS } from '../src/lab/explain-verdict.ts'
import { DAY_MS, runExperiment } from '../src/lab/experiment.ts'
import { FAULTS, type FaultName } from '../src/lab/fault/catalogue.ts'
import { bootDevice, DEVICES, readFaults, Rng, runCell, SERVERS, withFaults } from '../src/lab/index.ts'
import { isIntact } from '../src/lab/run.ts'
import { foresend } from '../src/lab/server/foresend.ts'
import { serverNode } from '../src/lab/server/model.ts'
import { aroundLoss, draw, type Entry, ending, opening, type Part, record } from './sequence.ts'

const FOLDER = new URL('../docs/field-notes/', import.meta.url)

type Parts = Readonly<Record<string, () => string>>

const ALL_FAULTS = Object.keys(FAULTS) as FaultName[]

/** The pages, and what makes their parts: those with a line for each fault can be made for some of them alone. */
export const FIELD_NOTES: Readonly<Record<string, (faults?: readonly FaultName[]) => Parts>> = {
  'archer-c2.md': (faults = ALL_FAULTS) => ({
    ...diagrams(),
    'ack-loss': ackLossTable,
    spread: spreadText,
    console: consoleTable,
    ...faultParts(faults),
  }),
  'small-mtu.md': () => ({ devices: smallMtuTable }),
}

/** Which unit the diagrams show: one in which the first two losses stand alone with every server. */
const SEED = 12
/** Enough for lock-step to die in it. */
const DIAGRAM_BYTES = 260_000
const MAIN_FAULT: FaultName = 'ack-loss'
/** As many as `foresend lab explain` takes, so that a reader sees the same numbers. */
const SEEDS = 5
const SPREAD_SEEDS = 200
/** The servers whose numbers were reported. */
const REPORTED = EXPLAINED_SERVERS.filter((name) => !name.startsWith('foresend'))

/** A page with all its parts made anew. Each part must be there once. */
export function withFieldNotes(name: string, page: string): string {
  return Object.entries(FIELD_NOTES[name]()).reduce((text, [part, make]) => {
    const place = region(part)
    if (!place.test(text)) throw new RangeError(`${name} has no place for lab:${part}`)
    return text.replace(place, (_, before: string, after: string) => before + make() + after)
  }, page)
}

/** What stands in `page` for `part` now. */
export function partOf(page: string, part: string): string {
  const found = region(part).exec(page)
  if (found === null) throw new RangeError(`the page has no place for lab:${part}`)
  return found[0].slice(found[1].length, -found[2].length)
}

export function readFieldNotes(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8')
}

function region(name: string): RegExp {
  return new RegExp(`(<!-- lab:${name} -->\\n)[^]*?(<!-- /lab:${name} -->)`)
}

type Show = (entries: readonly Entry[]) => readonly Part[]

function diagrams(): Record<string, () => string> {
  const scene = (title: string, server: ExplainedServer, show: Show) => () => {
    const entries = record({ server, fault: MAIN_FAULT, seed: SEED, sizeBytes: DIAGRAM_BYTES })
    return draw(title, entries, show(entries))
  }
  return {
    'lock-step': scene('tftp-hpa 5.2', 'tftp-hpa-5.2', (e) => [opening(e, 2), aroundLoss(e, 1), ending(e)]),
    tftpd64: scene('Tftpd64 1000 bytes', 'tftpd64-1000', (e) => [opening(e, 2), aroundLoss(e, 1)]),
    pytftpd: scene('PyTFTPd 2 packets', 'pytftpd-2', (e) => [opening(e, 4), aroundLoss(e, 1)]),
    nudge: scene('Foresend', 'foresend-lock-step', (e) => [aroundLoss(e, 1), aroundLoss(e, 2)]),
    window: scene('Foresend --window 2', 'foresend-window-2', (e) => [aroundLoss(e, 1)]),
  }
}

const NAMES: Readonly<Record<ExplainedServer, string>> = {
  'tftp-hpa-5.2': 'tftp-hpa 5.2 (lock-step)',
  'tftpd64-1000': 'Tftpd64, 1000 bytes (2 packets)',
  'tftpd64-3584': 'Tftpd64, 8 packets',
  'pytftpd-2': 'PyTFTPd, 2 packets',
  foresend: 'Foresend, no flags',
  'foresend-lock-step': 'Foresend `--window 1` (nudges)',
  'foresend-window-2': 'Foresend `--window 2`',
}

function ackLossTable(): string {
  const { cells } = explain({ faults: [MAIN_FAULT], seeds: SEEDS })
  return table(
    ['server', 'here', "device's timeouts", 'DATA sent per block', 'reported'],
    cells.map((cell) => [
      NAMES[cell.server],
      `${cellText(cell)}, ${durationText(cell.ms)}`,
      String(cell.clientTimeouts),
      cell.datagramsPerBlock?.toFixed(2) ?? '-',
      reportedText(cell.server),
    ]),
  )
}

function reportedText(server: ExplainedServer): string {
  const observation = OBSERVATIONS.find((one) => one.server === server)
  if (observation !== undefined) return `**${observation.name}** ${observation.reported}`
  return server === 'tftpd64-3584' ? '**O2** larger windows are slower and time out more' : ''
}

/** How many blocks lock-step gets through, over many boots. */
function spreadText(): string {
  const blocks = Array.from({ length: SPREAD_SEEDS }, (_, seed) => {
    const entries = record({ server: 'tftp-hpa-5.2', fault: MAIN_FAULT, seed: seed + 1, sizeBytes: 1 << 20 })
    return new Set(entries.filter(({ kind }) => kind === 'DATA').map(({ block }) => block)).size
  }).toSorted((a, b) => a - b)
  const mean = blocks.reduce((sum, n) => sum + n, 0) / blocks.length
  const [least, middle, most] = [blocks[0], blocks[blocks.length >> 1], blocks.at(-1)]
  return `Lock-step over ${SPREAD_SEEDS} boots: it ends after ${least} to ${most} blocks, median ${middle}, mean ${mean.toFixed(0)}.\n`
}

/** What a healthy unit does when every block comes twice, by the speed of its console. */
function consoleTable(): string {
  const rows = [115_200, 57_600, 38_400].map((baud) => {
    const rate = (copies: number): string => `${rateOf(baud, copies)} kB/s`
    return [String(baud), rate(1), rate(2), rate(3)]
  })
  return table(['console, baud', 'no flags', '`--copies 2`', '`--copies 3`'], rows)
}

function rateOf(baud: number, copies: number): string {
  const sizeBytes = 1 << 18
  const client = uboot113({ sizeBytes, baud })
  const image = new Uint8Array(sizeBytes)
  const link = { delayMs: 0.075 }
  const server = serverNode(foresend({ window: 'auto', copies }), { image, rng: new Rng(1) })
  const limits = { untilMs: DAY_MS, maxDatagrams: 100_000 }
  const { ms, verdict } = runExperiment({ client, server, image, up: link, down: link, limits })
  if (verdict.kind !== 'intact') throw new Error(`a healthy unit at ${baud} baud, ${copies} copies: ${verdict.kind}`)
  return threeDigits(sizeBytes / ms)
}

/** The table of all faults and the list of what does not fit, which share one experiment. */
function faultParts(names: readonly FaultName[]): Record<string, () => string> {
  let known: { cells: readonly ExplainedCell[]; verdicts: readonly FaultVerdict[] } | undefined
  const experiment = (): NonNullable<typeof known> => {
    known ??= judged(names, explain({ faults: names, servers: REPORTED, seeds: SEEDS }).cells)
    return known
  }
  return {
    faults: () => {
      const { cells, verdicts } = experiment()
      return table(
        ['fault', ...REPORTED.map((name) => NAMES[name]), ...OBSERVATIONS.map(({ name }) => name)],
        verdicts.map(({ fault, observations }) => [
          `\`${fault}\``,
          ...cells.filter((cell) => cell.fault === fault).map(cellText),
          ...observations.map(({ fit }) => FIT_WORDS[fit]),
        ]),
      )
    },
    differences: () => {
      const misfits = experiment().verdicts.filter(({ fit }) => fit !== 'size')
      return misfits.map((verdict) => `- \`${verdict.fault}\`: ${differencesText(verdict)}\n`).join('')
    },
  }
}

function judged(names: readonly FaultName[], cells: readonly ExplainedCell[]) {
  return { cells, verdicts: names.map((fault) => judgeFault(fault, cells)) }
}

const FIT_WORDS: Readonly<Record<Fit, string>> = { size: '**yes**', kind: 'in kind', no: 'no' }

function differencesText({ observations }: FaultVerdict): string {
  return observations
    .filter(({ differences }) => differences.length > 0)
    .map(({ observation, differences: [first] }) => `${observation}: ${first}`)
    .join('; ')
}

/** Every device over a path that loses fragments: what it asks for decides. */
function smallMtuTable(): string {
  const fault = readFaults('fragment-loss:mtu=1400')
  const rows = Object.values(DEVICES).map((device) => {
    const cell = { device: withFaults(device, fault), server: 'foresend', model: SERVERS.foresend, seed: 1 }
    const { row } = runCell({ ...cell, sizeBytes: 1 << 16 })
    const blksize = bootDevice(device, { seed: 1, sizeBytes: 1 }).client.options.find(({ name }) => name === 'blksize')
    return [`\`${device.name}\``, blksize?.value ?? '512 (asks for nothing)', isIntact(row) ? 'intact' : '**fails**']
  })
  return table(['device', 'blksize', 'image'], rows)
}

function cellText({ outcome, holes, blocks, rateKBytesPerSec }: ExplainedCell): string {
  if (outcome === 'intact' || outcome === 'intact-but-server-failed') return `${threeDigits(rateKBytesPerSec)} kB/s`
  if (outcome === 'hole') return `**${holes} holes**, "success"`
  return blocks === 0 ? 'never starts' : `ends after ${blocks} blocks`
}

function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function durationText(ms: number): string {
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return `${lines.join('\n')}\n`
}

if (import.meta.main) {
  for (const name of Object.keys(FIELD_NOTES)) {
    writeFileSync(new URL(name, FOLDER), withFieldNotes(name, readFieldNotes(name)))
  }
}
