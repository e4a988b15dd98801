/** Something that went wrong with one block, and what it proves. */
export interface Incident {
  /** The block that was in question. */
  readonly seq: number
  readonly what: IncidentKind
  /** When its DATA left first, and when the transfer moved on; equal to the last packet's time when it never did. */
  readonly fromMs: number
  readonly toMs: number
  /** How long nothing had been sent to the client before its DATA left first. */
  readonly idleMs: number
  /** Its place in the burst in which it was sent first: 0 for the first or only packet. */
  readonly inBurst: number
  /** Repeats that came while the client must have been able to receive, and brought no answer. */
  readonly unanswered: number
  /** Indices of the packets that show it. */
  readonly packets: readonly number[]
  /** The client itself named the gap, before anything was repeated. */
  readonly isGap: boolean
  /** Its DATA was the last that had left. */
  readonly isLast: boolean
  /** The transfer never moved on from it. */
  readonly open: boolean
}

export type IncidentKind =
  /** The client had the block, and its ACK did not arrive. */
  | 'ack'
  /** The block did not arrive at the client. */
  | 'data'
  /** One of the two. */
  | 'either'
  /** The ACK of the block before came where this block's was due. */
  | 'stale'
  /** A frame waited in the client until another one moved it: recovery brought two identical ACKs at once. */
  | 'held'
  /** The same, and the timer of the client showed which: the ACK waited, or the DATA. */
  | 'held-ack'
  | 'held-data'
  /** Its ACK came right behind that of a later block, without a repeat. */
  | 'swapped'
  /** Named as a gap, and the blocks behind it were acknowledged all the same: a packet came twice. */
  | 'copied'
  /** The client answered late, of its own accord, and nothing was lost. */
  | 'late'
