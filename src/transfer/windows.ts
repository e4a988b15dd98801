import { RunLength } from './run-length.ts'

/** What a sender knows of a negotiated window beyond the rest of its record. */
export class Windows {
  readonly runs = new RunLength()
  readonly timing = new WindowTiming()
  /** The client was seen to go on by itself after a pause. */
  pauses = false
  /** A gap was reported, or what left after a timeout was answered at once: silence is a loss rather than a pause of the client (rule A6). */
  losesPackets = false
  /** A timeout does not send the whole window again before this. */
  wholeAt = 0
  /** Blocks below this may leave now. */
  burstEnd = 1
  wentBackAt = -Infinity
  /** The last timeout: what it sent may leave in parts. */
  timedOutAt = -Infinity
  /** When something left last before that. */
  sentBefore = -Infinity
  /** All below this left in turn before a silence made everything leave again: the client may be that far. 0 for none. */
  reach = 0
  /** Beyond the bound of rule N3: the block that leaves next, one at a time; 0 before the first. */
  walkSeq = 0
  /** A whole window was acknowledged, and blocks behind it had left as questions: what of them did not arrive leaves again, in its turn. */
  isBehindQuestions = false
  /** The last burst below `reach` is followed by a question (N4). */
  asksAfterBurst = false
  /** Datagrams that left again in all because of gaps, and not because of silence. */
  again = 0
  /** Each burst waits for the answer to the one before (N3). */
  isClocked = false
  /** Repeated ACKs in a row: a second one marks a client that answers every packet it cannot use, as EDK2 does (N3). */
  repeatedAcks = 0
  answersEach = false
  /** One of the repeated ACKs came when nothing had left and nothing had come for a while: the client's own timer sent it. */
  repeatsAlone = false
  /** When the last ACK came. */
  ackedAt = -Infinity
  /** Datagrams of questions to the silent client in all: they have a bound of their own (N4). */
  asked = 0
  /** Repeated ACKs that our own repeats may still bring from such a client, and until when. */
  echoes = 0
  echoesUntil = -Infinity
  /** When the first unacknowledged block left last: an ACK of its predecessor that comes sooner than a round trip cannot be about it. */
  baseLeftAt = 0
  /** The last block of the window that is under way. */
  end = 0
  /**
   * What an ACK inside a window means (N1). `gap`: the client acknowledges ends of windows only, so it reports a gap.
   * `progress`: it acknowledges on its way. Until the first such ACK that is not known.
   */
  insideAck: 'unknown' | 'gap' | 'progress' = 'unknown'
  /** How often it was stuck since a window was acknowledged as a whole. */
  stuck = 0
  /** Rule N5: an ACK inside a window that does not count yet; 0 for none. */
  doubtful = 0
  /** Rule N5: blocks inside windows whose ACK never came before that of the end. */
  silentBlocks = 0
  /** What it said was taken for progress by its timing, and was none: round trips are not what was measured. */
  misjudged = false
}

/** What is known of how long a window takes: see window-timing.ts. */
export class WindowTiming {
  /** How long a window takes is known: one was timed, or the link proved to be fast. The answer to an OACK is short, and says little of a window. */
  isPaced = false
  /** A block of a window was timed. */
  isTimed = false
  /** Until a window is paced: how long one may take on a link that is as slow as the answer to the OACK was. */
  slowestMs = 0
  /** How often the timer rang before that. */
  rings = 0
  /** One block is timed at a time, none that was sent again (Karn), and only by an ACK of its own: a later one was caused later. 0 for none. */
  seq = 0
  at = 0
  /** It was the last block of its window. */
  isEnd = false
  /** The first block that left once only, and when: what is acknowledged of it and of those behind it took no longer. */
  newSeq = 0
  newAt = 0
  /** When something left last after an idle time, until the next ACK. */
  wokeAt = -Infinity
}
