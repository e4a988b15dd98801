/**
 * Clients that count a repeat as the next block, as the boot ROM of the Raspberry Pi 4 does (rule A13): their image is
 * spoilt, and only the numbers and the timing of their acknowledgements show it.
 */
import { countsRepeats } from './sender-faults.ts'
import { fail, type SenderState } from './sender-state.ts'
import { nearWrap } from './wrap.ts'

/** Pause after the ACK of a repeated block, so that a miscounted one shows itself. */
const QUARANTINE_MS = 20
/** The same for a client that may count repeats, once QUARANTINES of them are watched. */
const WATCHED_MS = 5
/** At most this many repeated blocks are watched; a client that was seen to take repeats well is not watched any more. */
const QUARANTINES = 3
/** An ACK at most this far beyond the highest block sent is a miscount; one further away is noise. */
const MISCOUNT_SPAN = 8
/** After this many blocks the shortest round trip of a client that may count repeats is known. */
const KNOWN_BLOCKS = 32
/** An ACK within this part of the shortest round trip answers something that left earlier. */
const TOO_SOON = 0.5

/** A repeated block was acknowledged: until when the next ones are held back; undefined when this client is trusted. */
export function holdAfterRepeat(s: SenderState, now: number): number | undefined {
  const { policy, rto } = s
  // It was seen to answer a repeat or an old block in the right way.
  const takesRepeatsWell = s.answersRepeats || s.answersNudges
  if (s.mayCountRepeats) {
    const leastMs = s.watched < QUARANTINES ? QUARANTINE_MS : WATCHED_MS
    return takesRepeatsWell ? undefined : now + rto.roundsMs(2, leastMs)
  }
  const trusted = !policy.nudges || takesRepeatsWell || s.watched >= QUARANTINES
  return trusted && !s.patient ? undefined : now + rto.roundsMs(2, QUARANTINE_MS)
}

/** Of a client that counts repeats, or may: `seq` was acknowledged `rttMs` after it left. True, and the transfer ends, when that is sooner than it can have arrived. */
export function cameTooSoon(s: SenderState, seq: number, rttMs: number): boolean {
  // Of one that may be any client the shortest round trip has to be known well: the first ones may be timers and pauses.
  if (!s.patient && s.firstUnacked <= KNOWN_BLOCKS) return false
  // Until a round trip is known nothing is too soon.
  if (!s.repeated || s.rto.minMs === Infinity || rttMs >= TOO_SOON * s.rto.minMs) return false
  fail(s, 'ERR_TFTP_COUNTS_REPEATS', countsRepeats(s.peer, `block ${seq} sooner than it can have arrived`))
  return true
}

/** `seq` was acknowledged and never left: noise far off, else the transfer ends. */
export function neverSent(s: SenderState, seq: number): void {
  const { rollover } = s
  const beyond = seq - s.highestSent
  if (beyond < 1 || beyond > (s.repeated ? MISCOUNT_SPAN : 1)) return
  if (nearWrap(seq, rollover) || nearWrap(s.highestSent, rollover)) return
  fail(s, 'ERR_TFTP_COUNTS_REPEATS', countsRepeats(s.peer, `block ${seq}, which was never sent`))
}
