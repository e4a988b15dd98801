/**
 * Clients that count a repeat as the next block, as the boot ROM of the Raspberry Pi 4 does (rule A13): their image is
 * spoilt, and only the numbers and the timing of their acknowledgements show it.
 */
import { countsRepeats } from './sender-faults.ts'
import type { FlowParts } from './flow.ts'
import { nearWrap } from './pacer.ts'

/** Pause after the ACK of a repeated block, so that a miscounted one shows itself. */
const QUARANTINE_MS = 20
/** At most this many repeated blocks are watched; a client that was seen to take repeats well is not watched any more. */
const QUARANTINES = 3
/** An ACK at most this far beyond the highest block sent is a miscount; one further away is noise. */
const MISCOUNT_SPAN = 8
/** An ACK within this part of the shortest round trip answers something that left earlier. */
const TOO_SOON = 0.5

export class Quarantine {
  /** Nothing new leaves before this; Infinity when nothing is held back. */
  heldUntil = Infinity
  readonly #parts: FlowParts
  #watched = 0

  constructor(parts: FlowParts) {
    this.#parts = parts
  }

  release(): void {
    this.heldUntil = Infinity
  }

  /** A repeated block was acknowledged: hold the next ones for a moment, if this client is not trusted yet. */
  repeatAcked(now: number, takesRepeatsWell: boolean): void {
    const { config, policy, rto } = this.#parts
    const trusted = !policy.nudges || takesRepeatsWell || this.#watched >= QUARANTINES
    if (trusted && !config.patient) return
    this.#watched++
    this.heldUntil = now + rto.roundsMs(2, QUARANTINE_MS)
  }

  /** Of a patient transfer: `seq` was acknowledged `rttMs` after it left. True, and the transfer ends, when that is sooner than it can have arrived. */
  cameTooSoon(seq: number, rttMs: number): boolean {
    const { config, pacer, rto } = this.#parts
    if (!pacer.repeated || rttMs >= TOO_SOON * rto.minMs) return false
    config.fail('ERR_TFTP_COUNTS_REPEATS', countsRepeats(config.peer, `block ${seq} sooner than it can have arrived`))
    return true
  }

  /** `seq` was acknowledged and never left: noise far off, else the transfer ends. */
  neverSent(seq: number): void {
    const { config, pacer } = this.#parts
    const beyond = seq - pacer.highest
    if (beyond < 1 || beyond > (pacer.repeated ? MISCOUNT_SPAN : 1)) return
    if (nearWrap(seq, config.rollover) || nearWrap(pacer.highest, config.rollover)) return
    config.fail('ERR_TFTP_COUNTS_REPEATS', countsRepeats(config.peer, `block ${seq}, which was never sent`))
  }
}
