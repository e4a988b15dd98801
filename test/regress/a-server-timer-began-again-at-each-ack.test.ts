/**
 * The timer of a server began again at each ACK, also of a block that it had sent already, as that of tftp-hpa's client does. `get` repeated its ACK each
 * second, so the timer of two seconds never rang: one lost block ended the transfer after 30 s (rule R3).
 */
import { expect, test } from 'vitest'
import { patternedImage, runExperiment } from '../../src/lab/experiment.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { InitiatorNode } from '../../src/lab/initiator-node.ts'
import { ModelSender, type TransferSetup } from '../../src/lab/server/model-sender.ts'
import { ServerNode } from '../../src/lab/server-node.ts'

const SIZE = 20 * 512 + 10

class Restarting extends ModelSender {
  #seq = 0
  readonly #timeoutMs: number

  constructor(setup: TransferSetup, timeoutMs: number) {
    super(setup)
    this.#timeoutMs = timeoutMs
  }

  protected onStart(now: number): void {
    this.#next(now)
  }

  protected onAck(now: number, seq: number): void {
    if (seq === this.#seq) {
      this.delivered(now, seq)
      if (seq === this.lastSeq) this.complete()
      else this.#next(now)
    } else this.setTimer(now + this.#timeoutMs)
  }

  protected onTimer(now: number): void {
    this.timedOut()
    this.send(this.#seq)
    this.setTimer(now + this.#timeoutMs)
  }

  #next(now: number): void {
    this.#seq++
    this.nearest = this.#seq
    this.send(this.#seq)
    this.setTimer(now + this.#timeoutMs)
  }
}

test.each([1100, 2000, 5000])('R3: a timer of %d ms rings', (timeoutMs) => {
  const image = patternedImage(SIZE, 1)
  const client = new InitiatorNode({ direction: 'read', sizeBytes: SIZE, blksize: 512, windowsize: 1 })
  const server = new ServerNode({
    image,
    create: (_request, sink) => ({
      machine: new Restarting({ sink, sizeBytes: SIZE, blksize: 512, oack: undefined }, timeoutMs),
      blksize: 512,
      rollover: 0,
    }),
  })
  const { verdict } = runExperiment({
    client,
    server,
    image,
    up: { delayMs: 0.1 },
    down: { delayMs: 0.1, faults: [dropNth([10])] },
    limits: { untilMs: 600_000, maxDatagrams: 10_000 },
  })
  expect(verdict.kind).toBe('intact')
})
