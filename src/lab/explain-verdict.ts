/**
 * What was observed on the faulty routers, and how well a fault reproduces it. An observation is met in kind when the same
 * thing happens, and in size when the numbers are those of the reports as well.
 */
import type { ExplainedCell, ExplainedServer } from './explain-cell.ts'
import type { FaultName } from './fault/catalogue.ts'

export type ObservationName = 'O1' | 'O2' | 'O3'

export interface Observation {
  readonly name: ObservationName
  /** The server whose cell decides. */
  readonly server: ExplainedServer
  /** What people reported. */
  readonly reported: string
}

export const OBSERVATIONS: readonly Observation[] = [
  {
    name: 'O1',
    server: 'tftp-hpa-5.2',
    reported: 'ends after a few hundred blocks (30 to 500, mean about 300), with timeouts, in 5 to 10 s',
  },
  {
    name: 'O2',
    server: 'tftpd64-1000',
    reported: 'finishes at about 10 kB/s, with timeouts; larger windows are slower and time out more',
  },
  { name: 'O3', server: 'pytftpd-2', reported: 'finishes at about 200 kB/s, without timeouts' },
]

/** `size`: in kind and in numbers. */
export type Fit = 'size' | 'kind' | 'no'

export interface ObservationVerdict {
  readonly observation: ObservationName
  readonly fit: Fit
  /** What differs from the report, one sentence each, with our numbers; empty when `fit` is `size`. */
  readonly differences: readonly string[]
}

export interface FaultVerdict {
  readonly fault: FaultName
  /** The worst of the three. */
  readonly fit: Fit
  readonly observations: readonly ObservationVerdict[]
}

/** O1: the blocks that people reported. */
const O1_BLOCKS = [30, 500] as const
/** Fewer is not "after some blocks" but hardly a start; ten times the reported number is another fault. */
const O1_BLOCKS_IN_KIND = [10, 5000] as const
/** O2: a factor of two around 10, as the rate goes with the share of lost packets, which was not measured. */
const O2_RATE = [5, 20] as const
/** A good unit takes 8 MiB in 2 to 3 s; below a tenth of that it is a slow transfer. */
const O2_RATE_IN_KIND = [0, 300] as const
/** O3: 200 within 40 %. The console sets this rate whatever the share of lost packets, so it is the sharp one. */
const O3_RATE = [120, 280] as const
/** O3 was reported as twenty times as fast as O2; several times is the same thing in kind. */
const O3_TIMES_O2 = 3

/** Judges one fault by its cells; those of the three observed servers, and of Tftpd64's larger window, must be there. */
export function judgeFault(fault: FaultName, cells: readonly ExplainedCell[]): FaultVerdict {
  const cell = (server: ExplainedServer): ExplainedCell => {
    const found = cells.find((c) => c.fault === fault && c.server === server)
    if (found === undefined) throw new RangeError(`no cell for ${fault} with ${server}`)
    return found
  }
  const observations = [
    judgeO1(cell('tftp-hpa-5.2')),
    judgeO2(cell('tftpd64-1000'), cell('tftpd64-3584')),
    judgeO3(cell('pytftpd-2'), cell('tftpd64-1000')),
  ]
  const fits = observations.map((o) => o.fit)
  return { fault, fit: fits.includes('no') ? 'no' : fits.includes('kind') ? 'kind' : 'size', observations }
}

function judgeO1(lockStep: ExplainedCell): ObservationVerdict {
  const kind: string[] = []
  const size: string[] = []
  if (finished(lockStep)) kind.push('lock-step finishes')
  else if (!within(lockStep.blocks, O1_BLOCKS_IN_KIND)) kind.push(`lock-step ends after ${lockStep.blocks} blocks`)
  else if (!within(lockStep.blocks, O1_BLOCKS)) size.push(`lock-step ends after ${lockStep.blocks} blocks`)
  if (timeouts(lockStep) === 0) kind.push('lock-step has no timeouts')
  return verdictOf('O1', kind, size)
}

function judgeO2(two: ExplainedCell, eight: ExplainedCell): ObservationVerdict {
  const kind: string[] = []
  const size: string[] = []
  const rate = rateText(two)
  if (!finished(two)) kind.push(`Tftpd64 with 1000 bytes ${endText(two)}`)
  else if (!within(two.rateKBytesPerSec, O2_RATE_IN_KIND)) kind.push(`Tftpd64 with 1000 bytes is fast: ${rate}`)
  else if (!within(two.rateKBytesPerSec, O2_RATE)) size.push(`Tftpd64 with 1000 bytes runs at ${rate}`)
  if (timeouts(two) === 0) kind.push('Tftpd64 with 1000 bytes has no timeouts')
  if (finished(two) && finished(eight) && eight.rateKBytesPerSec > two.rateKBytesPerSec) {
    kind.push(`Tftpd64 with 8 packets is faster: ${rateText(eight)}`)
  }
  return verdictOf('O2', kind, size)
}

function judgeO3(py: ExplainedCell, tftpd64: ExplainedCell): ObservationVerdict {
  const kind: string[] = []
  const size: string[] = []
  if (!finished(py)) kind.push(`PyTFTPd with 2 packets ${endText(py)}`)
  else if (finished(tftpd64) && py.rateKBytesPerSec < O3_TIMES_O2 * tftpd64.rateKBytesPerSec) {
    kind.push(`PyTFTPd with 2 packets gains little over Tftpd64: ${rateText(py)} to ${rateText(tftpd64)}`)
  } else if (!within(py.rateKBytesPerSec, O3_RATE)) size.push(`PyTFTPd with 2 packets runs at ${rateText(py)}`)
  if (py.clientTimeouts > 0) kind.push(`the device times out ${py.clientTimeouts} times with PyTFTPd`)
  return verdictOf('O3', kind, size)
}

function verdictOf(observation: ObservationName, kind: readonly string[], size: readonly string[]): ObservationVerdict {
  const fit = kind.length > 0 ? 'no' : size.length > 0 ? 'kind' : 'size'
  return { observation, fit, differences: [...kind, ...size] }
}

/** The device has the whole image, whatever the server makes of the last ACK. */
function finished(cell: ExplainedCell): boolean {
  return cell.outcome === 'intact' || cell.outcome === 'intact-but-server-failed'
}

/** On either side: people saw them in the server's log or as `T` on the console. */
function timeouts(cell: ExplainedCell): number {
  return cell.clientTimeouts + cell.serverTimeouts
}

function within(value: number, [low, high]: readonly [number, number]): boolean {
  return value >= low && value <= high
}

function rateText(cell: ExplainedCell): string {
  const rate = cell.rateKBytesPerSec
  return `${rate < 10 ? rate.toFixed(1) : rate.toFixed(0)} kB/s`
}

function endText(cell: ExplainedCell): string {
  if (cell.outcome === 'hole') return `leaves ${counted(cell.holes, 'hole')} in the image, and reports success`
  if (cell.outcome === 'wrong-bytes') return 'leaves wrong bytes in the image, and reports success'
  return `ends after ${counted(cell.blocks, 'block')}`
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
