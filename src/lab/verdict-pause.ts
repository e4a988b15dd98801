/**
 * What the longest pauses of a boot were made of. Some of that time no sender could have used: a request that never arrived, a device that
 * nothing reaches, a rule that forbids to send. It is found in what went over the link, never taken from the names of device and fault.
 */
import { HEADER_BYTES, OPCODE } from '../packet/index.ts'
import type { Frame } from './frame.ts'
import type { LinkTap } from './link.ts'
import type { ReceivingNode } from './node.ts'

/** Why nothing could leave, or nothing that left could help. The rules are those of docs/rules.md. */
export type PauseRule = 'request' | 'unreachable' | 'A4' | 'N4' | 'A5-oack' | 'A5-data' | 'A12' | 'A13' | 'A14'

/** In words, for a table. The device is the subject where it is its own way that leaves no other. */
export const PAUSE_WORDS: Readonly<Record<PauseRule, string>> = {
  request: 'its request was lost, and nothing but its own timer repeats it',
  unreachable: 'nothing reaches it before its own next packet',
  A4: 'it has all but the final block and answers no repeat: only its own timer makes it speak (rule A4)',
  N4: 'it has all but the final block and answers no repeat, and the final block is never sent ahead (rule N4)',
  'A5-oack': 'an OACK leaves again after a second (rule A5)',
  'A5-data': 'until DATA 1 is acknowledged nothing else leaves (rule A5)',
  A12: 'at the wrap nothing is repeated before its own timer (rule A12)',
  A13: 'it counts repeats: nothing is repeated before its own timer (rule A13)',
  A14: 'none of the eight datagrams that a silent client gets in a second brought an answer, and the network lost four of them or more (rule A14)',
}

export interface PauseShare {
  readonly rule: PauseRule
  readonly ms: number
}

/** One pause: the time without a block that the device did not have. Plain data. */
export interface PauseVerdict {
  /** When it began, in virtual milliseconds, and how long it was. */
  readonly fromMs: number
  readonly ms: number
  /** Blocks that the device had. */
  readonly blocks: number
  /** What of it no sender could have used, the largest share first. */
  readonly shares: readonly PauseShare[]
  /** What is left: the sender's own. */
  readonly leftMs: number
  /** DATA and OACKs that left meanwhile, that reached the device, its packets meanwhile, and those that reached the server. */
  readonly sent: number
  readonly reached: number
  readonly said: number
  readonly heard: number
  /** Nothing that was sent arrived, of a fault that can silence everything. */
  readonly silenced: boolean
}

/** What is known of the boot beside its packets. */
export interface PauseFacts {
  /** The final block, counted from 1. */
  readonly lastSeq: number
  /** The client negotiated a window: its ACKs are cumulative, and rules A1 to A14 are not in force. */
  readonly windowed: boolean
  /** The sender repeats nothing before the device's own timer (rule A13). */
  readonly patient: boolean
  /** A fault may keep everything from the device for a while or for good. */
  readonly silences: boolean
}

/** A pause is worth a reason from here on. */
export const LONG_PAUSE_MS = 1000

/** Something that happened on the link. */
interface PauseEvent {
  readonly ms: number
  /** `up` is device to server. */
  readonly way: 'up' | 'down'
  readonly step: 'sent' | 'arrived'
  readonly opcode: number
  /** Of DATA and ACK the number on the wire, of a request the device's port. */
  readonly number: number
  /** The device's port. */
  readonly port: number
}

interface Pause {
  readonly fromMs: number
  readonly toMs: number
  readonly blocks: number
  readonly events: readonly PauseEvent[]
  /** What happened before it since the server heard the device last: the silence of a device that stores what is sent ahead is longer than its pause. */
  readonly earlier: readonly PauseEvent[]
}

/** A packet that comes this long after the last block is the device's own timer (rules A12, A13). */
const OWN_TIMER_MS = 800
/** An OACK waits this long for its ACK (rule A5). */
const OACK_MS = 1000
/** A device takes this long at most to answer: a console prints meanwhile. */
const ANSWER_MS = 40
/** This many datagrams in a row that do not arrive, of a fault that can silence everything, are no accident. */
const SILENCED = 3
/** A silent client gets this many datagrams of questions in this time (rule A14). */
const QUESTIONS = 8
const QUESTIONS_MS = 1000
/** The network lost this many of them at least, or their answers: U-Boot leaves one of two unanswered by its nature. */
const QUESTIONS_LOST = 4
/** Different blocks that it leaves unanswered, before a device counts as mute. One it may just have taken last. */
const MUTE_BLOCKS = 2
/** More happens in no pause of interest; what comes later is not kept. */
const MOST_EVENTS = 16_384
/** The pauses of one boot that are kept. */
const MOST_PAUSES = 64

const UP = 1 << 19
const ARRIVED = 1 << 20
const HEARD = UP | ARRIVED

/** Watches both links. What happened since the last new block is kept; in a healthy transfer that is one round trip. */
export class PauseWatch {
  readonly up: LinkTap = {
    sent: (now, frame) => {
      // It stores a block before it acknowledges it.
      if (this.#client.stored !== this.#stored) this.#progress(now)
      const code = codeOf(frame)
      if (code >> 16 === OPCODE.ack) this.#ackLeft.set(code & 0xffff, ++this.#acksLeft)
      this.#add(now, UP | code, frame.from)
    },
    arrived: (now, frame) => {
      this.#noteOrder(now, codeOf(frame))
      this.#add(now, UP | ARRIVED | codeOf(frame), frame.from)
    },
  }
  readonly down: LinkTap = {
    sent: (now, frame) => this.#leftDown(now, codeOf(frame), frame.to),
    arrived: (now, frame) => this.#arrivedDown(now, codeOf(frame), frame.to),
  }
  /** A block of DATA arrived more often than it left: the network makes copies. */
  copied = false
  /** An ERROR left the server before the device had ended. */
  serverGaveUp = false
  /** That ERROR answered an ACK that later ones had overtaken. */
  endedByOvertaken = false
  readonly #client: ReceivingNode
  readonly #pauses: Pause[] = []
  readonly #left = new PerBlock()
  /** Of each block number which ACK of the device it was that named it last, counted from 1; and the latest of those that arrived. */
  readonly #ackLeft = new PerBlock()
  #acksLeft = 0
  #latestArrived = 0
  #overtakenAt = -Infinity
  #longestMs = 0
  #stored = 0
  #sinceMs = 0
  #arrivedAt = 0
  readonly #at: number[] = []
  readonly #what: number[] = []
  readonly #ports: number[] = []
  #count = 0
  /** Of these, how many happened before the last new block; and how many until the server heard the device last. */
  #earlier = 0
  #untilHeard = 0

  constructor(client: ReceivingNode) {
    this.#client = client
  }

  /** Milliseconds of the longest pause of a boot that ended at `endMs`. */
  longestUntil(endMs: number): number {
    this.#look()
    return Math.max(this.#longestMs, endMs - this.#sinceMs)
  }

  /** All long pauses of a boot that ended at `endMs`, in the order of time; the last one is the end of a boot that failed. */
  pausesUntil(endMs: number, facts: PauseFacts): PauseVerdict[] {
    this.#look()
    const last = endMs - this.#sinceMs > LONG_PAUSE_MS ? [this.#pauseUntil(endMs)] : []
    return [...this.#pauses, ...last].map((pause) => judgePause(pause, facts))
  }

  /** A block that was stored without a word came with what arrived last. */
  #look(): void {
    if (this.#client.stored !== this.#stored) this.#progress(this.#arrivedAt)
  }

  #progress(now: number): void {
    const ms = now - this.#sinceMs
    if (ms > LONG_PAUSE_MS && this.#pauses.length < MOST_PAUSES) this.#pauses.push(this.#pauseUntil(now))
    this.#longestMs = Math.max(this.#longestMs, ms)
    this.#stored = this.#client.stored
    this.#sinceMs = now
    const kept = this.#count - this.#untilHeard
    for (let i = 0; i < kept; i++) {
      this.#at[i] = this.#at[this.#untilHeard + i]
      this.#what[i] = this.#what[this.#untilHeard + i]
      this.#ports[i] = this.#ports[this.#untilHeard + i]
    }
    this.#count = kept
    this.#earlier = kept
    this.#untilHeard = 0
  }

  #pauseUntil(toMs: number): Pause {
    const all = Array.from({ length: this.#count }, (_, i) => eventOf(this.#at[i], this.#what[i], this.#ports[i]))
    const events = all.slice(this.#earlier).filter(({ ms }) => ms <= toMs)
    return { fromMs: this.#sinceMs, toMs, blocks: this.#stored, events, earlier: all.slice(0, this.#earlier) }
  }

  #leftDown(now: number, code: number, port: number): void {
    const opcode = code >> 16
    if (opcode === OPCODE.data) this.#left.set(code & 0xffff, this.#left.get(code & 0xffff) + 1)
    else if (opcode === OPCODE.error && this.#client.result === undefined) {
      this.serverGaveUp = true
      this.endedByOvertaken = this.#overtakenAt === now
    }
    this.#add(now, code, port)
  }

  #noteOrder(now: number, code: number): void {
    if (code >> 16 !== OPCODE.ack) return
    const left = this.#ackLeft.get(code & 0xffff)
    if (left < this.#latestArrived) this.#overtakenAt = now
    else this.#latestArrived = left
  }

  #arrivedDown(now: number, code: number, port: number): void {
    this.#look()
    this.#arrivedAt = now
    if (code >> 16 === OPCODE.data) {
      const left = this.#left.get(code & 0xffff)
      if (left === 0) this.copied = true
      else this.#left.set(code & 0xffff, left - 1)
    }
    this.#add(now, ARRIVED | code, port)
  }

  #add(now: number, what: number, port: number): void {
    if (this.#count === MOST_EVENTS) return
    this.#at[this.#count] = now
    this.#ports[this.#count] = port
    this.#what[this.#count++] = what
    if ((what & HEARD) === HEARD) this.#untilHeard = this.#count
  }
}

/** Opcode and number of a packet. Every packet of every run comes by here. */
function codeOf(frame: Frame): number {
  const { buffer, offset, length } = frame
  if (length < HEADER_BYTES) return 0
  const opcode = buffer[offset + 1] & 7
  return (opcode << 16) | (opcode === OPCODE.rrq ? frame.from : (buffer[offset + 2] << 8) | buffer[offset + 3])
}

/** A count for each block number on the wire, 0 at first. It grows with the numbers that occur: most images need few. */
class PerBlock {
  #counts = new Uint32Array(1024)

  get(block: number): number {
    return block < this.#counts.length ? this.#counts[block] : 0
  }

  set(block: number, count: number): void {
    if (block >= this.#counts.length) {
      const longer = new Uint32Array(2 ** Math.ceil(Math.log2(block + 1)))
      longer.set(this.#counts)
      this.#counts = longer
    }
    this.#counts[block] = count
  }
}

function eventOf(ms: number, what: number, port: number): PauseEvent {
  return {
    ms,
    way: (what & UP) === 0 ? 'down' : 'up',
    step: (what & ARRIVED) === 0 ? 'sent' : 'arrived',
    opcode: (what >> 16) & 7,
    number: what & 0xffff,
    port,
  }
}

/** A stretch of a pause that a rule accounts for. */
interface Stretch {
  readonly rule: PauseRule
  readonly fromMs: number
  readonly toMs: number
}

function judgePause(pause: Pause, facts: PauseFacts): PauseVerdict {
  const { fromMs, toMs, blocks, events } = pause
  // What comes first here accounts for a stretch that several could.
  const stretches = [
    ...(facts.silences ? unreachable(pause) : []),
    ...unanswerable(pause),
    ...offered(pause),
    ...(facts.windowed ? atTheEnd('N4', pause, facts) : individual(pause, facts)),
    ...askedInVain(pause),
  ]
  const shares = sharesOf(stretches, fromMs, toMs)
  const count = (way: PauseEvent['way'], step: PauseEvent['step']): number =>
    events.filter((event) => event.way === way && event.step === step).length
  const sent = count('down', 'sent')
  const reached = count('down', 'arrived')
  return {
    fromMs,
    ms: toMs - fromMs,
    blocks,
    shares,
    leftMs: Math.max(0, toMs - fromMs - shares.reduce((sum, { ms }) => sum + ms, 0)),
    sent,
    reached,
    said: count('up', 'sent'),
    heard: count('up', 'arrived'),
    silenced: facts.silences && reached === 0 && sent >= SILENCED,
  }
}

/** The rules for blocks without a negotiated window. */
function individual(pause: Pause, facts: PauseFacts): Stretch[] {
  const next = (pause.blocks + 1) & 0xffff
  const isAtWrap = pause.blocks > 1 && (next === 0xffff || next === 0)
  return [
    ...(facts.patient ? untilItSpeaks('A13', pause) : []),
    ...(pause.blocks <= 1 ? firstBlock(pause) : []),
    ...(isAtWrap ? untilItSpeaks('A12', pause) : []),
    ...atTheEnd('A4', pause, facts),
  ]
}

/** The final block alone could move the device, and it must not leave yet. */
function atTheEnd(rule: 'A4' | 'N4', pause: Pause, { lastSeq }: PauseFacts): Stretch[] {
  return pause.blocks === lastSeq - 1 ? muteBefore(rule, pause, lastSeq & 0xffff) : []
}

/** From each request of a port until it reaches the server; what reaches this port meanwhile shows that another did. The device has left its other ports. */
function unanswerable({ events, toMs }: Pause): Stretch[] {
  const stretches: Stretch[] = []
  const seen = new Set<number>()
  for (const [index, event] of events.entries()) {
    if (event.opcode !== OPCODE.rrq || event.step !== 'sent' || seen.has(event.number)) continue
    seen.add(event.number)
    const isHeard = ({ way, step, opcode, number, port }: PauseEvent): boolean =>
      step === 'arrived' && (way === 'down' ? port === event.port : opcode === OPCODE.rrq && number === event.number)
    stretches.push({ rule: 'request', fromMs: event.ms, toMs: events.slice(index).find(isHeard)?.ms ?? toMs })
  }
  return stretches
}

/** From the first of several datagrams that did not arrive until one does, or the device's next packet, which may bring it back. */
function unreachable({ events, toMs }: Pause): Stretch[] {
  const stretches: Stretch[] = []
  let fromMs = 0
  let lost = 0
  const end = (ms: number): void => {
    if (lost >= SILENCED) stretches.push({ rule: 'unreachable', fromMs, toMs: ms })
    lost = 0
  }
  for (const { way, step, ms } of events) {
    if (way === 'down' && step === 'sent') {
      if (lost++ === 0) fromMs = ms
    } else if (way === 'down' || step === 'sent') end(ms)
  }
  end(toMs)
  return stretches
}

/** From each OACK to what leaves next, or to a packet of the device a second later, which asks for another. */
function offered({ events, toMs }: Pause): Stretch[] {
  return events.flatMap(({ way, step, opcode, ms }, index): Stretch[] => {
    if (way !== 'down' || step !== 'sent' || opcode !== OPCODE.oack) return []
    const isOver = (later: PauseEvent): boolean =>
      later.way === 'down' ? later.step === 'sent' : later.step === 'arrived' && later.ms >= ms + OACK_MS
    return [{ rule: 'A5-oack', fromMs: ms, toMs: events.slice(index + 1).find(isOver)?.ms ?? toMs }]
  })
}

/** From DATA 1 until its ACK arrives, or the device's own timer does: then it may be sent more. */
function firstBlock({ events, fromMs, toMs, blocks }: Pause): Stretch[] {
  const left = events.find(({ way, step, opcode }) => way === 'down' && step === 'sent' && opcode === OPCODE.data)
  const beganAt = blocks === 1 ? fromMs : left?.ms
  const isAck = ({ way, step, opcode, number }: PauseEvent): boolean =>
    way === 'up' && step === 'arrived' && opcode === OPCODE.ack && number > 0
  return beganAt === undefined ? [] : [{ rule: 'A5-data', fromMs: beganAt, toMs: events.find(isAck)?.ms ?? toMs }]
}

/** From what the server sent last until the device's own timer is heard; what the server leaves unanswered then is its own time. */
function untilItSpeaks(rule: PauseRule, { events, fromMs, toMs }: Pause): Stretch[] {
  const stretches: Stretch[] = []
  let since: number | undefined = fromMs
  let leftAt = fromMs
  for (const { way, step, ms } of events) {
    if (way === 'up' && step === 'arrived') {
      // What comes sooner is an old answer: it asks for nothing (rule A8).
      if (since === undefined || ms - leftAt < OWN_TIMER_MS) continue
      stretches.push({ rule, fromMs: since, toMs: ms })
      since = undefined
    } else if (way === 'down' && step === 'sent') {
      since ??= ms
      leftAt = ms
    }
  }
  if (since !== undefined) stretches.push({ rule, fromMs: since, toMs })
  return stretches
}

/**
 * The device has everything before `lastBlock`, and the server does not know. It left different blocks unanswered, so it is mute at this
 * place until its own timer speaks and is heard. A timer that speaks just after a block that it was not asked with before looks like an answer; then the
 * time until it is proved mute again counts as the sender's.
 */
function muteBefore(rule: 'A4' | 'N4', { events, toMs }: Pause, lastBlock: number): Stretch[] {
  const mute = new Set<number>()
  let since: number | undefined
  for (const [index, event] of events.entries()) {
    const { way, step, ms, opcode, number } = event
    // What was on its way when the pause began says nothing of this place.
    const isHeard = way === 'up' && step === 'arrived' && since !== undefined
    if (isHeard || (way === 'down' && opcode === OPCODE.data && number === lastBlock)) {
      return since === undefined ? [] : [{ rule, fromMs: since, toMs: ms }]
    }
    if (way !== 'down' || step !== 'arrived' || opcode !== OPCODE.data) continue
    const answer = events.slice(index).find((later) => later.way === 'up' && later.step === 'sent')
    // It was silent on this very block here: what comes now is its own timer.
    if (mute.has(number)) continue
    if (answer !== undefined && answer.ms - ms <= ANSWER_MS) {
      // It is not mute, or was not yet: U-Boot answers the first such block at a place, and no other.
      mute.clear()
      since = undefined
      continue
    }
    if (mute.add(number).size >= MUTE_BLOCKS) since ??= ms
  }
  return since === undefined ? [] : [{ rule, fromMs: since, toMs }]
}

/**
 * From the first of eight questions in a second until that second is over, when none of them brought an answer and the network lost QUESTIONS_LOST of
 * them at least, or the answers. A question that arrives and is not answered counts as neither.
 */
function askedInVain({ fromMs, toMs, earlier, events }: Pause): Stretch[] {
  const questions = questionsOf([...earlier, ...events])
  return questions.flatMap(({ ms }, first): Stretch[] => {
    const endMs = ms + QUESTIONS_MS
    const asked = questions.slice(first).filter((one) => one.ms < endMs)
    const lost = asked.filter(({ fate }) => fate === 'lost').length
    const isInVain = asked.length >= QUESTIONS && lost >= QUESTIONS_LOST && asked.every(({ fate }) => fate !== 'heard')
    return isInVain ? [{ rule: 'A14', fromMs: Math.max(ms, fromMs), toMs: Math.min(endMs, toMs) }] : []
  })
}

interface Asked {
  readonly ms: number
  /** `lost` it was, or its answer; a device that was not made to speak is `mute`. */
  readonly fate: 'lost' | 'mute' | 'heard'
}

/** DATA that left by a timer; what leaves at the moment of an ACK is its answer. */
function questionsOf(events: readonly PauseEvent[]): Asked[] {
  return events.flatMap(({ way, step, opcode, ms, number }, index): Asked[] => {
    if (way !== 'down' || step !== 'sent' || opcode !== OPCODE.data) return []
    if (events.some((other) => isHeard(other) && other.ms === ms)) return []
    return [{ ms, fate: fateOf(number, events.slice(index + 1)) }]
  })
}

/** What became of DATA `number`, by what happened after it left. */
function fateOf(number: number, later: readonly PauseEvent[]): Asked['fate'] {
  const arrival = arrivalIn(
    later,
    ({ way, opcode, ...one }) => way === 'down' && opcode === OPCODE.data && one.number === number,
  )
  if (arrival < 0) return 'lost'
  const sent = later.slice(arrival)
  const answer = sent.findIndex(({ way, step, ms }) => way === 'up' && step === 'sent' && ms - sent[0].ms <= ANSWER_MS)
  if (answer < 0) return 'mute'
  const isSame = (one: PauseEvent): boolean => one.way === 'up' && one.number === sent[answer].number
  return arrivalIn(sent.slice(answer + 1), isSame) < 0 ? 'lost' : 'heard'
}

/** Where a packet that has just left arrived; -1 when it left once more before that, or never arrived. */
function arrivalIn(later: readonly PauseEvent[], isSame: (event: PauseEvent) => boolean): number {
  const next = later.findIndex(isSame)
  return next >= 0 && later[next].step === 'arrived' ? next : -1
}

function isHeard({ way, step }: PauseEvent): boolean {
  return way === 'up' && step === 'arrived'
}

/** Each moment counts once, for the first stretch of the list that holds it. */
function sharesOf(stretches: readonly Stretch[], fromMs: number, toMs: number): PauseShare[] {
  const edges = [...new Set([fromMs, toMs, ...stretches.flatMap((one) => [one.fromMs, one.toMs])])].toSorted(
    (a, b) => a - b,
  )
  const sums = new Map<PauseRule, number>()
  for (let i = 1; i < edges.length; i++) {
    const [from, to] = [edges[i - 1], edges[i]]
    const holder = stretches.find((one) => one.fromMs <= from && to <= one.toMs)
    if (holder !== undefined) sums.set(holder.rule, (sums.get(holder.rule) ?? 0) + to - from)
  }
  return [...sums].map(([rule, ms]) => ({ rule, ms })).toSorted((a, b) => b.ms - a.ms)
}
