/** For tests of the receiver: an owner that writes down everything, and a clock. */
import { encodeOack, blockOfSeq, OPCODE, parseError, readBlock, readOpcode } from '../../src/packet/index.ts'
import type { NoticeKind, Outcome, ReceiverSink } from '../../src/transfer/contract.ts'
import { Receiver, type ReceiverConfig } from '../../src/transfer/receiver.ts'

export const OACK = encodeOack([{ name: 'blksize', value: '8' }])

/** A receiver, everything it said (`ack 3`, `oack`, `error 4`), and a clock. */
export class Bench implements ReceiverSink {
  readonly said: string[] = []
  readonly notices: NoticeKind[] = []
  readonly seqs: number[] = []
  readonly machine: Receiver
  bytes = 0
  finished: number | undefined
  outcome: Outcome | undefined
  at = Infinity
  now = 1000

  constructor(config: Partial<ReceiverConfig> = {}) {
    this.machine = new Receiver(
      {
        blksize: 8,
        windowsize: 1,
        rollover: 'any',
        oack: undefined,
        acknowledgeRequest: true,
        near: true,
        peerTimeoutMs: 5000,
        addressValidated: true,
        label: 'f from 10.0.0.1:2000',
        ...config,
      },
      this,
    )
  }

  sendControl(buffer: Uint8Array, length: number): void {
    const opcode = readOpcode(buffer, 0, length)
    if (opcode === OPCODE.ack) this.said.push(`ack ${readBlock(buffer, 0)}`)
    else if (opcode === OPCODE.oack) this.said.push('oack')
    else if (opcode === OPCODE.error) {
      const error = parseError(buffer, 0, length)
      this.said.push(`error ${error.ok ? error.value.wireCode : '?'}`)
    }
  }
  deadline(at: number): void {
    this.at = at
  }
  ended(outcome: Outcome): void {
    if (this.outcome !== undefined) throw new Error('ended twice')
    this.outcome = outcome
  }
  notice(kind: NoticeKind): void {
    this.notices.push(kind)
  }
  store(seq: number, _buffer: Uint8Array, offset: number, length: number): void {
    // Not `expect`: hundreds of thousands of blocks pass here.
    if (offset !== 4 || this.finished !== undefined) throw new Error(`block ${seq} stored wrongly`)
    this.seqs.push(seq)
    this.bytes += length
  }
  finish(sizeBytes: number): void {
    if (this.finished !== undefined) throw new Error('finished twice')
    this.finished = sizeBytes
  }

  start(): this {
    this.machine.start(this.now)
    return this
  }
  /** `fill`: what its payload is made of. */
  data(block: number, length = 8, fill = 0): this {
    const packet = new Uint8Array(4 + length).fill(fill)
    packet.set([0, OPCODE.data, block >>> 8, block & 255])
    return this.take(packet)
  }
  take(packet: Uint8Array): this {
    this.machine.handleDatagram(this.now, packet, 0, packet.length)
    return this
  }
  wait(ms: number): this {
    const until = this.now + ms
    while (this.at <= until) {
      this.now = Math.max(this.now, this.at)
      this.machine.handleTimer(this.now)
    }
    this.now = until
    return this
  }
  /** What was said since the last call. */
  heard(): string[] {
    return this.said.splice(0)
  }
  /** Blocks 1 to `last` of full size with `rollover`, one every `stepMs`. */
  upTo(last: number, rollover: 0 | 1 = 0, stepMs = 0.1): this {
    for (let seq = this.seqs.length + 1; seq <= last; seq++) {
      this.now += stepMs
      this.data(blockOfSeq(seq, rollover))
    }
    return this
  }
}
