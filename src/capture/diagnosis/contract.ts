/**
 * What the diagnosis says of one transfer. It judges a `CapturedTransfer` and nothing else: no clock, no file, no network.
 *
 * Texts are plain English on one line, for a person at a bench. They hold no text of a peer, so that they may be printed as they are.
 */
import type { CapturedOutcome } from '../contract.ts'

/** Every cause, in the order of a table: faults of a device and its link, of the path, of a server, and of what was asked. */
export const CAUSE_IDS = [
  'ack-loss',
  'data-loss',
  'ack-stale',
  'tx-hold',
  'rx-hold',
  'rx-one-behind',
  'rx-ring',
  'eee-wake',
  'arp-silent',
  'dead-rx',
  'bit-errors',
  'reorder',
  'duplicate',
  'slow-flash',
  'budget-used-up',
  'client-silent',
  'client-refused',
  'server-refused',
  'server-silent',
  'server-slow',
  'client-slow',
  'rollover',
  'wrong-source-address',
  'fragments-dropped',
  'bad-checksums',
  'unreachable',
  'sorcerers-apprentice',
  'cumulative-server-hole',
] as const

export type CauseId = (typeof CAUSE_IDS)[number]

export interface Evidence {
  readonly text: string
  /** Frames of the capture that show it, at most MAX_EVIDENCE_PACKETS, as Wireshark counts. */
  readonly packets: readonly number[]
}

export interface Cause {
  readonly id: CauseId
  /** Half a line: what is wrong. */
  readonly title: string
  /** 0 to 1. Causes may hold together, so the sum may be above 1. */
  readonly confidence: number
  /** The strongest first; never empty. */
  readonly evidence: readonly Evidence[]
  /** What to do next. */
  readonly advice: string
  /** What would tell this cause from the others that the capture fits as well. */
  readonly tellApart: string | undefined
}

/** Blocks that the device may not have, although the server took them for delivered. */
export interface PossibleHoles {
  /** 0: each block was acknowledged by a client, or in a way, that proves it, or the transfer did not end as a success. */
  readonly count: number
  /** As seq; at most MAX_RANGES of them. */
  readonly ranges: readonly { readonly first: number; readonly last: number }[]
  /** Why they are in doubt; empty when count is 0. */
  readonly because: string
}

/** A server as its way to send shows it. */
export interface RecognisedServer {
  /** A name of the lab's list without its settings, such as `tftpd64` or `foresend`. */
  readonly name: string
  readonly confidence: number
  readonly evidence: readonly Evidence[]
  /** Others that would have sent the same packets here. */
  readonly orElse: readonly string[]
}

export interface DiagnosisFigures {
  /** Over the answered blocks; undefined without any. */
  readonly medianAckMs: number | undefined
  readonly durationMs: number
  /** Bytes of the file, each block once, over the duration; 0 when that is 0. */
  readonly rateBytesPerSec: number
  /** Blocks that an ACK names; in a window that was negotiated it covers those before it as well (RFC 7440, section 4). */
  readonly acknowledgedBlocks: number
  /** DATA packets that repeat a block. */
  readonly retransmissions: number
  /** Waits in which nothing moved on, longer than STALL_MEDIANS medians and STALL_LEAST_MS, or than 0.9 s. */
  readonly stalls: number
  readonly stalledMs: number
  /** Packets that the client sent of its own accord, by its timer; a device of the U-Boot 1.1.x family has LIVES of them. */
  readonly clientTimerPackets: number
  readonly clientTimerMs: number | undefined
  /** The most blocks that were out at once. */
  readonly windowBlocks: number
}

export interface Diagnosis {
  /** `CapturedTransfer.id`. */
  readonly transfer: number
  /**
   * As the capture has it, but for one: `possible-holes` stands for `complete` where the device may lack blocks. Only `complete` and `probe`
   * are a success. `running`: the capture ends in the middle, and nothing was wrong.
   */
  readonly outcome: CapturedOutcome['type'] | 'possible-holes' | 'running'
  /** One line: what became of the transfer. */
  readonly summary: string
  /** The likeliest first; empty for a healthy transfer. */
  readonly causes: readonly Cause[]
  readonly holes: PossibleHoles
  /** Undefined where the capture shows too little of it. */
  readonly server: RecognisedServer | undefined
  readonly figures: DiagnosisFigures
  /** What limits the diagnosis: thinned packets, one direction alone, a capture that was not taken at the server. */
  readonly limits: readonly string[]
}

/** Enough to find the place in Wireshark. */
export const MAX_EVIDENCE_PACKETS = 8
/** U-Boot 1.1.x counts timeouts over the whole transfer and ends at the one after these. */
export const LIVES = 10
export const STALL_MEDIANS = 20
export const STALL_LEAST_MS = 50
