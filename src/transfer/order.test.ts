import { describe, expect, test } from 'vitest'
import { OrderFinder, type Question } from './order.ts'

const WINDOW_MS = 3

/** Asks `question` and hears the top 1 ms later. */
function proof(finder: OrderFinder, question: Question, top: number, now = 0): void {
  finder.asked(now, question)
  finder.topHeard(now + 1, top, WINDOW_MS, now)
}

describe('the questions', () => {
  test('come in turn, the missing block first', () => {
    const finder = new OrderFinder()
    const asked: Question[] = []
    for (let i = 0; i < 8; i++) {
      const question = finder.nextQuestion()
      finder.asked(i, question)
      asked.push(question)
    }
    expect(asked).toEqual(['gap', 'top', 'top-again', 'ahead', 'more', 'gap', 'top', 'top-again'])
  })
})

describe('A1: inorder', () => {
  test.each(['gap', 'ahead'] as const)('is proved by three tops in answer to "%s"', (question) => {
    const finder = new OrderFinder()
    proof(finder, question, 10)
    proof(finder, question, 12)
    expect(finder.order).toBe('unknown')
    proof(finder, question, 13)
    expect(finder.order).toBe('inorder')
  })

  test('a few answers with the same top are no proof', () => {
    const finder = new OrderFinder()
    for (let i = 0; i < 7; i++) proof(finder, 'ahead', 10)
    expect(finder.order).toBe('unknown')
  })

  test('near the end of a file there are no more tops: eight do', () => {
    const finder = new OrderFinder()
    for (let i = 0; i < 8; i++) proof(finder, 'ahead', 10)
    expect(finder.order).toBe('inorder')
  })

  test('the top alone proves nothing, the top twice does', () => {
    const finder = new OrderFinder()
    for (const top of [10, 11, 12, 13]) proof(finder, 'top', top)
    expect(finder.order).toBe('unknown')
    const silent = new OrderFinder()
    for (const top of [10, 11, 12]) {
      // The first one went unanswered: the second may be the first that the client saw.
      silent.asked(0, 'top')
      proof(silent, 'top-again', top)
    }
    expect(silent.order).toBe('unknown')
    const answering = new OrderFinder()
    for (const top of [10, 11, 12]) {
      proof(answering, 'top', top)
      proof(answering, 'top-again', top)
    }
    expect(answering.order).toBe('inorder')
  })

  test('one question, one proof, however often it is answered', () => {
    const finder = new OrderFinder()
    finder.asked(0, 'gap')
    for (const top of [10, 11, 12, 13, 14, 15, 16, 17, 18]) finder.topHeard(1, top, WINDOW_MS, 0)
    expect(finder.order).toBe('unknown')
  })

  test('an answer later than three round trips is none', () => {
    const finder = new OrderFinder()
    for (const top of [10, 11, 12, 13]) {
      finder.asked(0, 'gap')
      finder.topHeard(WINDOW_MS + 0.5, top, WINDOW_MS, 0)
    }
    expect(finder.order).toBe('unknown')
  })

  test("nor is one when the client's own timer may be speaking", () => {
    const finder = new OrderFinder()
    for (const top of [10, 11, 12, 13]) {
      finder.asked(1000, 'gap')
      finder.topHeard(1001, top, WINDOW_MS, 0)
    }
    expect(finder.order).toBe('unknown')
  })

  test('nor is one to a question that something else disturbed', () => {
    const finder = new OrderFinder()
    for (const top of [10, 11, 12, 13]) {
      finder.asked(0, 'gap')
      finder.disturbed()
      finder.topHeard(1, top, WINDOW_MS, 0)
    }
    expect(finder.order).toBe('unknown')
  })

  test('nor is one to no question at all', () => {
    const finder = new OrderFinder()
    for (const top of [10, 11, 12, 13]) finder.topHeard(1, top, WINDOW_MS, 0)
    expect(finder.order).toBe('unknown')
  })

  test('a refusal below the top proves it at once', () => {
    const finder = new OrderFinder()
    finder.provenInorder()
    expect(finder.order).toBe('inorder')
  })
})

describe('A1: any', () => {
  test('is for good', () => {
    const finder = new OrderFinder()
    finder.provenAny()
    for (const top of [10, 11, 12, 13]) proof(finder, 'gap', top)
    finder.provenInorder()
    expect(finder.order).toBe('any')
  })

  test('takes precedence over what was proved before', () => {
    const finder = new OrderFinder()
    finder.provenInorder()
    finder.provenAny()
    expect(finder.order).toBe('any')
  })
})
