import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  clearSlot,
  isAcked,
  isSent,
  markAcked,
  markSent,
  newScoreboard,
  repeatedAt,
  repeatsOf,
  reserve,
  sentAt,
  spanOf,
} from './scoreboard.ts'

test('a block is unknown, sent, acknowledged, and cleared again', () => {
  const board = newScoreboard(4)
  expect([isSent(board, 7), isAcked(board, 7)]).toEqual([false, false])
  markSent(board, 10, 7)
  expect([isSent(board, 7), isAcked(board, 7), sentAt(board, 7)]).toEqual([true, false, 10])
  markAcked(board, 7)
  expect([isSent(board, 7), isAcked(board, 7)]).toEqual([true, true])
  clearSlot(board, 7)
  expect([isSent(board, 7), isAcked(board, 7)]).toEqual([false, false])
})

test('repeats are counted and timed, the first time stays', () => {
  const board = newScoreboard(4)
  markSent(board, 10, 7)
  expect([repeatsOf(board, 7), repeatedAt(board, 7)]).toEqual([0, -Infinity])
  markSent(board, 20, 7)
  markSent(board, 35, 7)
  expect([repeatsOf(board, 7), sentAt(board, 7), repeatedAt(board, 7)]).toEqual([2, 10, 35])
})

test('more repeats than a byte holds are counted', () => {
  const board = newScoreboard(4)
  for (let i = 0; i <= 1000; i++) markSent(board, i, 7)
  expect(repeatsOf(board, 7)).toBe(1000)
})

test('a slot that is used again knows nothing of its block before', () => {
  const board = newScoreboard(4)
  const later = 7 + spanOf(board)
  for (let i = 0; i < 5; i++) markSent(board, i, 7)
  markAcked(board, 7)
  clearSlot(board, 7)
  markSent(board, 50, later)
  expect([isAcked(board, later), repeatsOf(board, later), sentAt(board, later)]).toEqual([false, 0, 50])
  expect(repeatedAt(board, later)).toBe(-Infinity)
})

test('the span is what was asked for at least', () => {
  for (const span of [1, 8, 9, 100, 1000]) expect(spanOf(newScoreboard(span))).toBeGreaterThanOrEqual(span)
})

test('neighbouring blocks never share a mark, wherever the window stands', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 1e7 }),
      fc.nat(1000),
      (span, first, pick) => {
        const board = newScoreboard(span)
        const chosen = first + (pick % span)
        markSent(board, 1, chosen)
        markAcked(board, chosen)
        for (let seq = first; seq < first + span; seq++) {
          expect(isSent(board, seq)).toBe(seq === chosen)
          expect(isAcked(board, seq)).toBe(seq === chosen)
        }
      },
    ),
  )
})

test('a window that grows keeps the marks of what is out', () => {
  const small = newScoreboard(4)
  markSent(small, 1, 9)
  markSent(small, 2, 10)
  markSent(small, 3, 10)
  markAcked(small, 9)
  const large = reserve(small, 16, 9, 10)
  expect(spanOf(large)).toBe(16)
  expect([isAcked(large, 9), repeatsOf(large, 10), sentAt(large, 10), repeatedAt(large, 10)]).toEqual([true, 1, 2, 3])
  expect([9 + 4, 10 + 4, 9 + 8].some((seq) => isSent(large, seq))).toBe(false)
  expect(reserve(large, 16, 9, 10)).toBe(large)
})
