/** What must not survive: each takes away one behaviour that a rule or a decision promises. */
import type { Mutant } from './mutant.ts'

export const MUTANTS: readonly Mutant[] = [
  {
    file: 'src/transfer/recovery.ts',
    was: 'const ECHOES = 2',
    now: 'const ECHOES = 1',
    breaks: 'one doubled ACK makes a silent client one that answers repeats (ADR 2, 10)',
  },
  {
    file: 'src/transfer/block-flow.ts',
    was: 'if (repeats === 0 && this.board.sentAt(seq) > this.#lostBefore) {',
    now: 'if (repeats === 0) {',
    breaks: 'a block that waited through a timeout gives no RTT sample (ADR 2)',
  },
  {
    file: 'src/transfer/window-flow.ts',
    was: 'this.#wholeAt = this.#pauses ? now + WHOLE_WINDOW_MS : now',
    now: 'this.#wholeAt = now',
    breaks: 'a client that pauses has a second before the whole window is sent again (ADR 3)',
  },
  {
    file: 'src/transfer/patience.ts',
    was: 'const SENDER_STALL_FLOOR_MS = 1000',
    now: 'const SENDER_STALL_FLOOR_MS = 2000',
    breaks: 'a sender calls a second without progress a stall',
  },
  {
    file: 'src/transfer/patience.ts',
    was: 'const RECEIVER_STALL_FLOOR_MS = 100',
    now: 'const RECEIVER_STALL_FLOOR_MS = 200',
    breaks: 'a receiver calls a tenth of a second without progress a stall',
  },
  {
    file: 'src/transfer/receiver.ts',
    was: 'askedAgain: this.#ackAt > this.#oneAt,',
    now: 'askedAgain: true,',
    breaks: 'a block 1 after 65535 counts the second time only after our repeated ACK (ADR 14)',
  },
  {
    file: 'src/transfer/receiver-order.ts',
    was: 'if (this.#runsAhead && !this.#sizeKnown) return false',
    now: '',
    breaks: 'a sender that runs ahead is believed to roll over to 1 only where the size betrays a hole (ADR 14)',
  },
  {
    file: 'src/endpoint/duplicates.ts',
    was: 'return silent && (!same || isRestart(existing, now))',
    now: 'return silent',
    breaks: 'a request that is read late does not begin its transfer anew',
  },
  {
    file: 'src/endpoint/outputs.ts',
    was: 'this.#kinds[i] = OUTPUT.none',
    now: '',
    breaks: 'what a failed transfer still wanted is not done: a block that was not stored is not acknowledged',
  },
  {
    file: 'src/packet/error-packet.ts',
    was: 'error.peerText',
    now: 'error.message',
    breaks: 'an ERROR says nothing of this machine',
    tests: ['test/e2e/error-texts', 'test/arch'],
  },
  {
    file: 'src/content/image.ts',
    was: 'abandon(): void {',
    now: 'abandon(): void {\n    return',
    breaks: 'a crash in the middle of a checksum leaves no mapping',
  },
  {
    file: 'src/server/store-use.ts',
    was: 'if (this.#isRetired && this.#users === 0) this.close()',
    now: '',
    breaks: 'a store that a reload replaced closes when its last transfer ends',
  },
  {
    file: 'src/server/registry.ts',
    was: "return kind === 'requested' || state === 'stalled' ? state : 'running'",
    now: "return kind === 'requested' ? state : 'running'",
    breaks: 'a stall lasts until the transfer goes on',
  },
  {
    file: 'src/server/control.ts',
    was: 'memory: this.#memory.all(),',
    now: 'memory: [],',
    breaks: 'a worker that is started again knows the devices',
  },
]
