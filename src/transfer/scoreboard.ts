/**
 * One mark per block in flight (rule A1): an acknowledgement of n says nothing of any other block. A ring as large as the
 * window asks, so that a transfer allocates nothing while it runs.
 *
 * All of it is one plain array of doubles: thousands of transfers wait at once, and four typed arrays would be the larger
 * half of what each of them holds.
 */

const SENT = 1
const ACKED = 2

/** What a slot holds, in this order: marks, repeats, when it left first, when it left again. */
const STRIDE = 4
const REPEATS = 1
const SENT_AT = 2
const REPEATED_AT = 3

const LEAST_SPAN = 4

/** Marks of neighbouring blocks, as many as `spanOf` says. */
export type Scoreboard = number[]

/** Holds any `span` neighbouring blocks, or more. */
export function newScoreboard(span: number): Scoreboard {
  let size = LEAST_SPAN
  while (size < span) size *= 2
  // Unlike 0, -0 makes an array of doubles at once; Array.from would make one of objects.
  // oxlint-disable-next-line unicorn/no-new-array
  return new Array<number>(size * STRIDE).fill(-0)
}

/** Blocks that fit at once. */
export function spanOf(board: Scoreboard): number {
  return board.length / STRIDE
}

/** A board with room for any `span` neighbouring blocks that has the marks of `first` .. `last`: `board` itself, unless a window grew. */
export function reserve(board: Scoreboard, span: number, first: number, last: number): Scoreboard {
  if (span <= spanOf(board)) return board
  const larger = newScoreboard(span)
  for (let seq = first; seq <= last; seq++) {
    const from = at(board, seq)
    const to = at(larger, seq)
    for (let i = 0; i < STRIDE; i++) larger[to + i] = board[from + i]
  }
  return larger
}

function at(board: Scoreboard, seq: number): number {
  return (seq * STRIDE) & (board.length - 1)
}

/** Block `seq` left; the first time clears what its slot held before. */
export function markSent(board: Scoreboard, now: number, seq: number): void {
  const slot = at(board, seq)
  if ((board[slot] & SENT) === 0) {
    board[slot] |= SENT
    board[slot + REPEATS] = 0
    board[slot + SENT_AT] = now
    board[slot + REPEATED_AT] = -Infinity
    return
  }
  board[slot + REPEATS]++
  board[slot + REPEATED_AT] = now
}

export function markAcked(board: Scoreboard, seq: number): void {
  board[at(board, seq)] |= ACKED
}

export function isSent(board: Scoreboard, seq: number): boolean {
  return (board[at(board, seq)] & SENT) !== 0
}

export function isAcked(board: Scoreboard, seq: number): boolean {
  return (board[at(board, seq)] & ACKED) !== 0
}

/** How often the block was sent again. */
export function repeatsOf(board: Scoreboard, seq: number): number {
  return board[at(board, seq) + REPEATS]
}

/** When it left for the first time. */
export function sentAt(board: Scoreboard, seq: number): number {
  return board[at(board, seq) + SENT_AT]
}

/** When it left again last; -Infinity if it never did. */
export function repeatedAt(board: Scoreboard, seq: number): number {
  return board[at(board, seq) + REPEATED_AT]
}

/** The block is below the window now, or counts as not sent: its slot is free. */
export function clearSlot(board: Scoreboard, seq: number): void {
  board[at(board, seq)] = 0
}
