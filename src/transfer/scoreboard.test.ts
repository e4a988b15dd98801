import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Scoreboard } from './scoreboard.ts'

test('a block is unknown, sent, acknowledged, and cleared again', () => {
  const board = new Scoreboard(4)
  expect([board.isSent(7), board.isAcked(7)]).toEqual([false, false])
  board.sent(10, 7)
  expect([board.isSent(7), board.isAcked(7), board.sentAt(7)]).toEqual([true, false, 10])
  board.acked(7)
  expect([board.isSent(7), board.isAcked(7)]).toEqual([true, true])
  board.clear(7)
  expect([board.isSent(7), board.isAcked(7)]).toEqual([false, false])
})

test('repeats are counted and timed, the first time stays', () => {
  const board = new Scoreboard(4)
  board.sent(10, 7)
  expect([board.repeats(7), board.repeatedAt(7)]).toEqual([0, -Infinity])
  board.sent(20, 7)
  board.sent(35, 7)
  expect([board.repeats(7), board.sentAt(7), board.repeatedAt(7)]).toEqual([2, 10, 35])
})

test('more repeats than a byte holds are counted', () => {
  const board = new Scoreboard(4)
  for (let i = 0; i <= 1000; i++) board.sent(i, 7)
  expect(board.repeats(7)).toBe(1000)
})

test('a slot that is used again knows nothing of its block before', () => {
  const board = new Scoreboard(4)
  const later = 7 + board.span
  for (let i = 0; i < 5; i++) board.sent(i, 7)
  board.acked(7)
  board.clear(7)
  board.sent(50, later)
  expect([board.isAcked(later), board.repeats(later), board.sentAt(later)]).toEqual([false, 0, 50])
  expect(board.repeatedAt(later)).toBe(-Infinity)
})

test('the span is what was asked for at least', () => {
  for (const span of [1, 8, 9, 100, 1000]) expect(new Scoreboard(span).span).toBeGreaterThanOrEqual(span)
})

test('neighbouring blocks never share a mark, wherever the window stands', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 1e7 }),
      fc.nat(1000),
      (span, first, pick) => {
        const board = new Scoreboard(span)
        const chosen = first + (pick % span)
        board.sent(1, chosen)
        board.acked(chosen)
        for (let seq = first; seq < first + span; seq++) {
          expect(board.isSent(seq)).toBe(seq === chosen)
          expect(board.isAcked(seq)).toBe(seq === chosen)
        }
      },
    ),
  )
})
