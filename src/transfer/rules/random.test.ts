/** Whatever a peer sends and however late the clock is: what must hold after every single input. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ForesendError } from '../../error.ts'
import { blockOfSeq, encodeError, encodeOack, writeAck } from '../../packet/index.ts'
import { COUNTER, type NoticeKind, type Outcome, type SenderSink, type WindowPolicy } from '../contract.ts'
import { anticipation } from '../policy/anticipation.ts'
import { negotiated } from '../policy/negotiated.ts'
import { strict } from '../policy/strict.ts'
import { Sender } from '../sender.ts'

const BLKSIZE = 8
const RUNS = 600

interface Setting {
  readonly blocks: number
  readonly startMs: number
  readonly policy: () => WindowPolicy
  readonly rollover: 0 | 1
  readonly oack: boolean
  readonly near: boolean
  readonly known: boolean
  readonly patient: boolean
  readonly clientTimeoutMs: number
}

type Step =
  /** The ACK of a block so far from the highest one that left. */
  | { readonly what: 'ack'; readonly back: number }
  /** The ACKs of what was not acknowledged yet, `count` times, after `ms` each. */
  | { readonly what: 'serve'; readonly count: number; readonly ms: number }
  | { readonly what: 'anything'; readonly block: number }
  | { readonly what: 'error'; readonly wireCode: number }
  | { readonly what: 'bytes'; readonly bytes: Uint8Array }
  | { readonly what: 'pass'; readonly ms: number }
  /** To the deadline, and `ms` beyond it. */
  | { readonly what: 'due'; readonly ms: number }
  /** A timer that nobody asked for. */
  | { readonly what: 'early' }
  | { readonly what: 'unreachable' }
  | { readonly what: 'abort' }

class Owner implements SenderSink {
  readonly machine: Sender
  readonly setting: Setting
  readonly policy: WindowPolicy
  readonly acked = new Set<number>()
  now: number
  highest = 0
  outcome: Outcome | undefined
  #due = Infinity
  #deadlines = 0
  #sent = 0
  #did = 0
  #window: number
  #firstUnacked = 1
  #refused = false
  /** Every block but the final one was acknowledged by its own ACK when the final one left. */
  finalIsEarned = true

  constructor(setting: Setting) {
    this.setting = setting
    this.now = setting.startMs
    this.policy = setting.policy()
    this.#window = this.policy.windowBlocks
    this.machine = new Sender(
      {
        sizeBytes: (setting.blocks - 1) * BLKSIZE + 3,
        blksize: BLKSIZE,
        rollover: setting.rollover,
        oack: setting.oack ? encodeOack([{ name: 'blksize', value: '8' }]) : undefined,
        near: setting.near,
        clientTimeoutMs: setting.clientTimeoutMs,
        addressValidated: false,
        label: 'f',
        known: setting.known,
        patient: setting.patient,
      },
      this.policy,
      this,
    )
    this.input(() => this.machine.start(this.now))
  }

  sendBlocks(first: number, count: number): void {
    this.#alive('DATA')
    if (!(first >= 1 && count >= 1 && first + count - 1 <= this.setting.blocks)) {
      throw new Error(`blocks ${first} + ${count} of ${this.setting.blocks}`)
    }
    if (first + count - 1 === this.setting.blocks && this.lowestUnacked() < this.setting.blocks) {
      this.finalIsEarned = false
    }
    this.#sent += count
    this.highest = Math.max(this.highest, first + count - 1)
  }
  sendControl(_buffer: Uint8Array, length: number): void {
    this.#alive('a control packet')
    if (length < 1) throw new Error('an empty packet')
  }
  deadline(at: number): void {
    if (Number.isNaN(at)) throw new Error('a deadline that is no number')
    this.#deadlines++
    this.#due = at
  }
  ended(outcome: Outcome): void {
    this.#alive('an end')
    this.outcome = outcome
  }
  notice(kind: NoticeKind): void {
    this.#alive('a notice')
    // Such a refusal proves an order, and confirms without an ACK.
    if (kind === 'refused-ahead') this.#refused = true
  }

  #alive(what: string): void {
    if (this.#deadlines > 0) throw new Error(`${what} after the deadline`)
    if (this.outcome !== undefined) throw new Error(`${what} after the end`)
    this.#did++
  }

  /** The lowest block that was never acknowledged by an ACK of its own. */
  lowestUnacked(): number {
    while (this.acked.has(this.#firstUnacked)) this.#firstUnacked++
    return this.#firstUnacked
  }

  input(run: () => void): void {
    const over = this.outcome !== undefined
    this.#deadlines = 0
    this.#sent = 0
    this.#did = 0
    run()
    if (!over && this.#deadlines !== 1) throw new Error(`${this.#deadlines} deadlines in one input`)
    if (over && this.#did > 0) throw new Error('alive after the end')
    if (this.#sent > 2 * this.policy.copies * (this.#window + 8) + 8) {
      throw new Error(`${this.#sent} datagrams in one input`)
    }
    if (this.machine.closed !== (this.outcome !== undefined)) throw new Error('closed without an end')
    if (this.machine.closed && this.#due !== Infinity) throw new Error('a deadline after the end')
    if (!this.policy.cumulative && !this.#refused && this.highest === this.setting.blocks) {
      const confirmed = this.machine.counters[COUNTER.bytes]
      if (confirmed < (this.setting.blocks - 1) * BLKSIZE) throw new Error('the final block left too early')
    }
  }

  /** Fires what is due; a timer that neither does anything nor moves its deadline twice in a row would spin. */
  settle(): void {
    let idle = 0
    for (let calls = 0; this.#due <= this.now; calls++) {
      this.input(() => this.machine.handleTimer(this.now))
      idle = this.#did > 0 ? 0 : idle + 1
      if (idle > 1 && this.#due <= this.now) throw new Error(`spins at ${this.now}: the deadline is ${this.#due}`)
      if (calls > 4 * this.policy.copies * (this.#window + 8) + 20) throw new Error('the timer never comes to rest')
    }
  }

  ack(seq: number): void {
    const packet = new Uint8Array(4)
    writeAck(packet, 0, blockOfSeq(Math.max(0, seq), this.setting.rollover))
    if (seq >= 1 && seq <= this.highest) this.acked.add(seq)
    this.receive(packet)
  }

  receive(packet: Uint8Array): void {
    this.input(() => this.machine.handleDatagram(this.now, packet, 0, packet.length))
  }

  step(step: Step): void {
    switch (step.what) {
      case 'ack':
        this.ack(this.highest - step.back)
        break
      case 'serve':
        for (let i = 0; i < step.count && !this.machine.closed; i++) {
          this.now += step.ms
          const last = this.highest
          for (let seq = Math.max(1, last - this.#window); seq <= last; seq++) if (!this.acked.has(seq)) this.ack(seq)
          this.settle()
        }
        break
      case 'anything':
        this.receive(Uint8Array.of(0, 4, step.block >> 8, step.block & 255))
        break
      case 'error':
        this.receive(encodeError(step.wireCode, 'random'))
        break
      case 'bytes':
        this.receive(step.bytes)
        break
      case 'pass':
        this.now += step.ms
        break
      case 'due':
        if (this.#due !== Infinity) this.now = Math.max(this.now, this.#due) + step.ms
        break
      case 'early':
        this.input(() => this.machine.handleTimer(this.now))
        break
      case 'unreachable':
        this.input(() => this.machine.handleUnreachable(this.now))
        break
      case 'abort':
        this.input(() => this.machine.abort(this.now, new ForesendError('ERR_TFTP_ABORTED', 'x', { fault: 'local' })))
        break
      default:
        throw new Error('no such step')
    }
    // Datagrams that arrive together are handled before any timer: leave some steps without one.
    if (step.what !== 'ack' || step.back % 2 === 0) this.settle()
  }
}

const ms = fc.oneof(
  fc.double({ min: 0, max: 5, noNaN: true }),
  fc.double({ min: 0, max: 300, noNaN: true }),
  fc.double({ min: 0, max: 9000, noNaN: true }),
)
const windowPolicy = fc
  .record({
    windowBlocks: fc.integer({ min: 1, max: 9 }),
    copies: fc.integer({ min: 1, max: 3 }),
    gapMs: fc.constantFrom(0, 0, 0.3, 1, 7),
    rtoMs: fc.option(fc.double({ min: 1, max: 400, noNaN: true }), { nil: undefined }),
  })
  .map(({ rtoMs, ...options }) => (rtoMs === undefined ? options : { ...options, rtoMs }))
const perBlock: fc.Arbitrary<() => WindowPolicy> = fc.oneof(
  { weight: 1, arbitrary: fc.integer({ min: 50, max: 4000 }).map((timeoutMs) => () => strict(timeoutMs)) },
  { weight: 4, arbitrary: windowPolicy.map((options) => () => anticipation(options)) },
)
const cumulative: fc.Arbitrary<() => WindowPolicy> = windowPolicy.map((options) => () => negotiated(options))

const settings = (policy: fc.Arbitrary<() => WindowPolicy>): fc.Arbitrary<Setting> =>
  fc.record({
    blocks: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 80 })),
    startMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constant(1.7e12 + 0.1)),
    policy,
    rollover: fc.constantFrom(0, 1),
    oack: fc.boolean(),
    near: fc.boolean(),
    known: fc.boolean(),
    patient: fc.boolean(),
    clientTimeoutMs: fc.constantFrom(200, 1000, 5000, 60_000),
  })

const ackNear: fc.Arbitrary<Step> = fc.integer({ min: -9, max: 9 }).map((back) => ({ what: 'ack', back }))
const ackTop: fc.Arbitrary<Step> = fc.integer({ min: 0, max: 3 }).map((back) => ({ what: 'ack', back }))
const serve: fc.Arbitrary<Step> = fc.record({
  what: fc.constant('serve' as const),
  count: fc.integer({ min: 1, max: 12 }),
  ms: fc.double({ min: 0.01, max: 4, noNaN: true }),
})
const time: fc.Arbitrary<Step> = fc.oneof(
  ms.map((value): Step => ({ what: 'pass', ms: value })),
  fc.constantFrom(0, 0, 0.1, 1e-9, 50).map((value): Step => ({ what: 'due', ms: value })),
  fc.constant<Step>({ what: 'early' }),
)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: ackTop },
  { weight: 2, arbitrary: ackNear },
  { weight: 6, arbitrary: serve },
  { weight: 12, arbitrary: time },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 65_535 }).map((block): Step => ({ what: 'anything', block })) },
  { weight: 1, arbitrary: fc.constantFrom(5, 5, 5, 0, 8, 3).map((wireCode): Step => ({ what: 'error', wireCode })) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 24 }).map((bytes): Step => ({ what: 'bytes', bytes })) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ what: 'unreachable' }, { what: 'abort' }) },
)
const steps = fc.array(anyStep, { minLength: 1, maxLength: 120, size: 'max' })

function play(setting: Setting, script: readonly Step[], begin?: (owner: Owner) => void): Owner {
  const owner = new Owner(setting)
  owner.settle()
  begin?.(owner)
  for (const step of script) owner.step(step)
  return owner
}

/** However the script ended, nothing more to come ends the transfer: patience is finite. */
function playOut(owner: Owner): void {
  for (let i = 0; i < 20_000 && !owner.machine.closed; i++) owner.step({ what: 'due', ms: 0 })
  expect(owner.machine.closed).toBe(true)
}

describe('any script of inputs', () => {
  test('acknowledgements block by block', () => {
    fc.assert(
      fc.property(settings(perBlock), steps, (setting, script) => playOut(play(setting, script))),
      { numRuns: RUNS },
    )
  })

  test('cumulative acknowledgements', () => {
    fc.assert(
      fc.property(settings(cumulative), steps, (setting, script) => playOut(play(setting, script))),
      { numRuns: RUNS },
    )
  })

  test('around a rollover', () => {
    const late = settings(fc.oneof(perBlock, cumulative)).map((setting) => ({
      ...setting,
      blocks: 65_535 + setting.blocks,
      oack: false,
    }))
    const advance = (owner: Owner) => {
      while (!owner.machine.closed && owner.highest < 65_528) owner.step({ what: 'serve', count: 100, ms: 1 })
    }
    fc.assert(
      fc.property(late, steps, (setting, script) => playOut(play(setting, script, advance))),
      { numRuns: 6 },
    )
  })

  test('the final block leaves when each other one was acknowledged on its own, while nothing proves an order', () => {
    // No ACK comes twice and no ERROR comes at all: nothing can tell that this client keeps an order.
    const once = fc.array(
      fc.oneof({ weight: 3, arbitrary: ackTop }, { weight: 1, arbitrary: ackNear }, { weight: 3, arbitrary: time }),
      { minLength: 20, maxLength: 150, size: 'max' },
    )
    let finished = 0
    fc.assert(
      fc.property(settings(perBlock), once, (setting, script) => {
        const owner = new Owner({ ...setting, oack: false, blocks: 1 + (setting.blocks % 12) })
        for (const step of script) {
          const seq = step.what === 'ack' ? owner.highest - step.back : 0
          if (step.what === 'ack' && (owner.acked.has(seq) || seq < 1 || seq > owner.highest)) continue
          owner.step(step)
        }
        if (owner.highest === owner.setting.blocks && owner.setting.blocks > 1) finished++
        expect(owner.finalIsEarned).toBe(true)
      }),
      { numRuns: RUNS },
    )
    expect(finished).toBeGreaterThan(RUNS / 20)
  })
})
