/**
 * Whether an answer that is not the truth makes the very same packets at the server. The story of the answer is played: the same device, server and
 * seed, but in place of the true fault the losses of the story, and nothing else. If each packet of the capture comes again, in its order and after
 * the same wait, no diagnosis can tell the two apart.
 */
import type { Explanation } from '../../src/capture/diagnosis/explain/explanation.ts'
import type { CapturedTransfer } from '../../src/capture/index.ts'
import { patternedImage } from '../../src/lab/experiment.ts'
import { type Fault, type Frame, HeldFrame } from '../../src/lab/index.ts'
import { OPCODE } from '../../src/packet/index.ts'
import { captureOfDevice } from '../golden/capture-of-lab.ts'
import { deviceOf, type LabCase } from './lab-case.ts'

/** Waits differ by the jitter of the link, which falls otherwise when other packets are lost. */
const SAME_MS = 0.2
const BLOCK_NUMBERS = 65_536
const PLAYED: ReadonlySet<string> = new Set(['up-lost', 'down-lost', 'up-held', 'down-held', 'outage', 'timer'])

export interface PlayedStory {
  readonly events: Explanation['events']
  readonly script: Pick<Explanation['script'], 'length' | 'fromClient'>
}

/** Nothing that the server sends arrives. */
export const NOTHING_ARRIVES: PlayedStory = {
  events: [{ kind: 'outage', at: 0, seq: 0, isAgain: false, before: undefined }],
  script: { length: 1, fromClient: Uint8Array.of(0) },
}

export function isAlike(lab: LabCase, transfer: CapturedTransfer, story: PlayedStory): boolean {
  const { events } = story
  if (!events.every(({ kind }) => PLAYED.has(kind))) return false
  if (events.filter(({ kind }) => kind === 'outage').length > 1) return false
  const played = new Played(transfer, story)
  const faults = [played.up(), played.down()]
  captureOfDevice(deviceOf(lab), lab.server, patternedImage(lab.sizeBytes, 1), lab.seed, (link) => ({
    ...link,
    faults: [faults.shift()!],
  }))
  return played.isSame()
}

class Played {
  readonly #transfer: CapturedTransfer
  readonly #story: PlayedStory
  /** The packet of the capture that comes next, and when the one before came. */
  #next = 0
  #beforeMs = 0
  #isOther = false
  #upLost = 0
  #upHeld = 0

  constructor(transfer: CapturedTransfer, story: PlayedStory) {
    this.#transfer = transfer
    this.#story = story
  }

  isSame(): boolean {
    const { packets } = this.#transfer
    return !this.#isOther && this.#next === packets.length && this.#upLost <= this.#count('up-lost')
  }

  /** What the capture has passes; the rest is what the story says is lost, or waits for the next packet. */
  up(): Fault {
    const holds = this.#count('up-held') > 0
    let held = new HeldFrame()
    return {
      type: 'loss',
      side: 'arriving',
      apply: (now, frame, out) => {
        if (held.held) {
          held.release()
          if (this.#isNext(now, held, true)) out.pass(held, 0)
          else this.#isOther = true
        }
        if (this.#isNext(now, frame, true)) out.pass(frame, 0)
        else if (holds && this.#upHeld < this.#count('up-held')) {
          this.#upHeld++
          held = new HeldFrame()
          held.hold(frame)
        } else this.#upLost++
      },
    }
  }

  down(): Fault {
    const kinds = this.#kindsOfSent()
    let sent = 0
    let isOut = false
    let held = new HeldFrame()
    return {
      type: 'loss',
      side: 'sending',
      apply: (now, frame, out) => {
        if (!this.#isNext(now, frame, false)) this.#isOther = true
        const kind = kinds.get(sent++)
        isOut ||= kind === 'outage'
        if (isOut || kind === 'down-lost') return
        if (held.held) {
          held.release()
          out.pass(held, 0)
        }
        if (kind === 'down-held') {
          held = new HeldFrame()
          held.hold(frame)
        } else out.pass(frame, 0)
      },
    }
  }

  #count(kind: string): number {
    return this.#story.events.filter((event) => event.kind === kind).length
  }

  /** By the count of the server's packets before it. */
  #kindsOfSent(): Map<number, string> {
    const { script, events } = this.#story
    const at = new Map(events.filter(({ kind }) => !kind.startsWith('up')).map((event) => [event.at, event.kind]))
    const kinds = new Map<number, string>()
    let sent = 0
    for (let i = 0; i < script.length; i++) {
      if (script.fromClient[i] === 1) continue
      const kind = at.get(i)
      if (kind !== undefined) kinds.set(sent, kind)
      sent++
    }
    return kinds
  }

  /** True when this is the next packet of the capture, which then counts as come. */
  #isNext(now: number, frame: Frame, fromClient: boolean): boolean {
    const { packets } = this.#transfer
    const i = this.#next
    if (i === packets.length || packets.fromClient(i) !== fromClient || !this.#says(i, frame)) return false
    const waitMs = i === 0 ? 0 : packets.timeMs(i) - packets.timeMs(i - 1)
    if (i > 0 && Math.abs(now - this.#beforeMs - waitMs) > SAME_MS) return false
    this.#next++
    this.#beforeMs = now
    return true
  }

  #says(i: number, { buffer, offset }: Frame): boolean {
    const { packets } = this.#transfer
    const kind = packets.kind(i)
    const opcode = (buffer[offset] << 8) | buffer[offset + 1]
    const block = (buffer[offset + 2] << 8) | buffer[offset + 3]
    if (kind === 'data' || kind === 'ack') return opcode === OPCODE[kind] && block === packets.seq(i) % BLOCK_NUMBERS
    return opcode !== OPCODE.data && opcode !== OPCODE.ack
  }
}
