/** The cases that are known to be hard, with many seeds: bursts of lost ACKs, and both directions lossy at once. */
import { withFaults } from '../../src/lab/device/device.ts'
import { DEVICES, type Frame, type LinkTap, readFaults, type Row, SERVERS } from '../../src/lab/index.ts'
import { median } from '../../src/lab/median.ts'
import { isIntact, runCell } from '../../src/lab/run.ts'
import { OPCODE, readBlock, readOpcode, seqNear } from '../../src/packet/index.ts'
import { range } from './figures-boot.ts'
import { isWindowed, PRODUCT_BYTES, quantile } from './figures-product.ts'
import type { Figure, Scale } from './figures.ts'

const BURSTS = 'ack-loss:p=0.037,burst=4'
const BOTH_WAYS = 'ack-loss:p=0.1,burst=3+data-loss:p=0.03'

/** Device and fault; the first of a device is the one whose datagrams count. */
const CASES: readonly (readonly [device: string, fault: string])[] = [
  ['uboot-2023', BURSTS],
  ['uboot-2023', BOTH_WAYS],
  ['uboot-2020', BURSTS],
  ['uboot-2020', BOTH_WAYS],
  ['curl', BOTH_WAYS],
  ['strict', BOTH_WAYS],
  ['lwip', BOTH_WAYS],
  ['edk2-pxe', BURSTS],
]

export const KNOWN_DEVICES = [...new Set(CASES.map(([device]) => device))]

const MEDIAN_MS = 3000
const MOST_MS = 6000
const MOST_DATAGRAMS = 1.6
const MOST_QUESTIONS = 8
const SHARE = 0.9
const SPAN_MS = 1000
/** What an ACK lets leave may leave in parts: a window in bursts, or its blocks with pauses between them. */
const MOST_APART_MS = 2

/** The rows of one device. */
export function knownCases(device: string, scale: Scale): Figure[] {
  return CASES.filter(([name]) => name === device).flatMap(([, fault], index) => {
    const boots = range(scale.seeds).map((seed) => play(device, fault, seed))
    const figures = [timeOf(device, fault, boots), questionsOf(device, fault, boots)]
    return index === 0 ? [...figures, datagramsOf(device, fault, boots)] : figures
  })
}

interface Played {
  readonly row: Row
  readonly questions: number
  readonly datagrams: number
}

function play(device: string, fault: string, seed: number): Played {
  const silence = new Silence(isWindowed(DEVICES[device]))
  const { row } = runCell({
    device: withFaults(DEVICES[device], readFaults(fault)),
    server: 'foresend',
    model: SERVERS.foresend,
    sizeBytes: PRODUCT_BYTES,
    seed,
    taps: { up: silence.up, down: silence.down },
  })
  return { row, questions: silence.mostQuestions, datagrams: silence.mostDatagrams }
}

function timeOf(device: string, fault: string, boots: readonly Played[]): Figure {
  const times = boots.map(({ row }) => (isIntact(row) ? row.ms : Infinity))
  const failed = boots.filter(({ row }) => !isIntact(row) && row.noWay === undefined)
  const noWay = boots.filter(({ row }) => row.noWay !== undefined)
  const unsure = boots.filter(({ row }) => row.verdict === 'intact-but-server-failed')
  const middle = median(times)!
  const most = quantile(times, SHARE)
  const worst = Math.max(...times)
  const slowest = boots.toSorted((a, b) => b.row.ms - a.row.ms).slice(0, 3)
  return {
    row: 'known cases',
    what: `${device}, ${fault}`,
    target: `median below 3 s, 90 % below 6 s, none of ${boots.length} failed where there is a way`,
    measured: `${seconds(middle)}, ${seconds(most)}, worst ${seconds(worst)}, ${failed.length} failed, ${noWay.length} without a way`,
    met: middle < MEDIAN_MS && most < MOST_MS && failed.length === 0,
    notes: [
      ...failed.slice(0, 5).map(({ row }) => `failed: ${line(row)}: ${row.clientSays}; ${row.serverSays}`),
      ...(noWay.length === 0
        ? []
        : [`without a way, ${noWay[0].row.noWay}: seeds ${noWay.map(({ row }) => row.seed).join(' ')}`]),
      ...slowest.map(({ row }) => `slow: ${line(row)}: ${seconds(row.ms)}, longest pause ${seconds(row.longestGapMs)}`),
      ...(unsure.length === 0
        ? []
        : [`intact, but reported as failed: ${unsure.length} (seeds ${unsure.map(({ row }) => row.seed).join(' ')})`]),
    ],
    values: {
      medianMs: middle,
      mostMs: most,
      worstMs: worst,
      failed: failed.length,
      noWay: noWay.length,
      unsure: unsure.length,
    },
  }
}

function datagramsOf(device: string, fault: string, boots: readonly Played[]): Figure {
  const values = boots.filter(({ row }) => isIntact(row)).map(({ row }) => row.datagramsPerBlock)
  const middle = median(values) ?? Infinity
  const sum = values.reduce((all, value) => all + value, 0)
  return {
    row: 'known cases',
    what: `${device}, ${fault}: datagrams per block`,
    target: `at most ${MOST_DATAGRAMS} on average`,
    measured: `${(sum / values.length).toFixed(2)} (median ${middle.toFixed(2)}, 90 % ${quantile(values, SHARE).toFixed(2)}, most ${Math.max(...values).toFixed(2)})`,
    met: sum / values.length <= MOST_DATAGRAMS,
    notes: [],
    values: { mean: sum / values.length, median: middle },
  }
}

function questionsOf(device: string, fault: string, boots: readonly Played[]): Figure {
  const most = boots.toSorted((a, b) => b.questions - a.questions)[0]
  const all = Math.max(...boots.map(({ datagrams }) => datagrams))
  const over = boots.filter(({ questions }) => questions > MOST_QUESTIONS)
  return {
    row: 'known cases',
    what: `${device}, ${fault}: questions in a silent second`,
    target: `at most ${MOST_QUESTIONS}`,
    measured: `${most.questions} at most, with what leaves again as a whole ${all}`,
    met: most.questions <= MOST_QUESTIONS,
    notes: over.length === 0 ? [] : [`${over.length} boots above it; ${line(most.row)}`],
    values: { questions: most.questions, datagrams: all, over: over.length },
  }
}

function line({ device, fault, seed }: Row): string {
  return `foresend lab run --server foresend --device ${device} --fault '${fault}' --seed ${seed}`
}

function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1000).toFixed(2)} s` : 'fails'
}

/**
 * Counts what leaves while the client is silent, in any second of it. A question is DATA that leaves by a timer: a repeat, or a block ahead while
 * others are out. Of a client that negotiated a window the blocks from the first unacknowledged on, two or more in their order, are the window that
 * leaves again as a whole, and none.
 */
export class Silence {
  /** In one second of silence: questions, and all DATA. */
  mostQuestions = 0
  mostDatagrams = 0
  readonly up: LinkTap = { sent: () => {}, arrived: (now, frame) => this.#heard(now, frame) }
  readonly down: LinkTap = { sent: (now, frame) => this.#left(now, frame), arrived: () => {} }
  readonly #windowed: boolean
  #heardAt = 0
  #leftAt = 0
  #acked = 0
  #highest = 0
  /** The last block of a run that began at the first unacknowledged one. */
  #runEnd = 0
  /** When that one left, until it is clear whether it is the first of a run. */
  #beganAt: number | undefined
  /** The last block of those that an ACK let leave. */
  #answerSeq = 0
  #answerAt = 0
  #questions: number[] = []
  #all: number[] = []

  constructor(windowed: boolean) {
    this.#windowed = windowed
  }

  #heard(now: number, frame: Frame): void {
    this.#settle(0)
    this.mostQuestions = Math.max(this.mostQuestions, this.#questions.length)
    this.#heardAt = now
    this.#questions = []
    this.#all = []
    this.#runEnd = 0
    if (readOpcode(frame.buffer, frame.offset, frame.length) !== OPCODE.ack) return
    this.#acked = Math.max(this.#acked, seqNear(readBlock(frame.buffer, frame.offset), this.#highest, 0))
  }

  #left(now: number, frame: Frame): void {
    if (readOpcode(frame.buffer, frame.offset, frame.length) !== OPCODE.data) return
    const seq = seqNear(readBlock(frame.buffer, frame.offset), this.#highest, 0)
    const isNew = seq > this.#highest
    const isNextInTurn = isNew && this.#acked === this.#highest
    if (isNew) this.#highest = seq
    // What leaves with an ACK is its answer; what leaves in its turn when all is acknowledged was held back.
    const isRest = seq === this.#answerSeq + 1 && now - this.#answerAt <= MOST_APART_MS
    if (now - this.#heardAt <= MOST_APART_MS || isNextInTurn || isRest) {
      this.#answerSeq = seq
      this.#answerAt = now
      return
    }
    this.#answerSeq = 0
    this.#settle(seq)
    // What left at one moment is judged together.
    if (now > this.#leftAt) this.mostQuestions = Math.max(this.mostQuestions, this.#questions.length)
    this.#leftAt = now
    this.mostDatagrams = Math.max(this.mostDatagrams, within(this.#all, now))
    if (isNew || !this.#windowed || !this.#isOfWindow(seq, now)) within(this.#questions, now)
  }

  /** A repeat of the first unacknowledged block may begin a window, which may leave a block at a time: what leaves next, `seq`, tells. */
  #settle(seq: number): void {
    if (this.#beganAt !== undefined && seq !== this.#acked + 2) {
      within(this.#questions, this.#beganAt)
      this.mostQuestions = Math.max(this.mostQuestions, this.#questions.length)
    }
    this.#beganAt = undefined
  }

  #isOfWindow(seq: number, now: number): boolean {
    const isFirst = seq === this.#acked + 1
    const isNext = this.#runEnd > 0 && seq === this.#runEnd + 1
    this.#runEnd = isFirst || isNext ? seq : 0
    if (isFirst) this.#beganAt = now
    return isFirst || isNext
  }
}

/** Adds `now`; how many of `times` lie within the second that ends with it. */
function within(times: number[], now: number): number {
  times.push(now)
  while (times[0] <= now - SPAN_MS + 1e-6) times.shift()
  return times.length
}
