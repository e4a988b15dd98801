import { describe, expect, test } from 'vitest'
import { OrderFinder, type Question } from './order.ts'

const WINDOW_MS = 3

/** Asks `question` and hears the top 1 ms later. */
function proof(finder: OrderFinder, question: Question, now = 0): void {
  finder.asked(now, question)
  finder.topHeard(now + 1, WINDOW_MS, now)
}

function proofs(finder: OrderFinder, question: Question, count: number): void {
  for (let i = 0; i < count; i++) proof(finder, question)
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
  test.each(['gap', 'ahead'] as const)('is proved by six answers to "%s" that name the top', (question) => {
    const finder = new OrderFinder()
    proofs(finder, question, 5)
    expect(finder.order).toBe('unknown')
    proof(finder, question)
    expect(finder.order).toBe('inorder')
  })

  test('a device that sends old ACKs for no reason has to answer fourteen times', () => {
    const finder = new OrderFinder()
    finder.staleSeen()
    proofs(finder, 'gap', 13)
    expect(finder.order).toBe('unknown')
    proof(finder, 'gap')
    expect(finder.order).toBe('inorder')
  })

  test('the top alone proves nothing, the top twice does', () => {
    const finder = new OrderFinder()
    proofs(finder, 'top', 20)
    expect(finder.order).toBe('unknown')
    const silent = new OrderFinder()
    for (let i = 0; i < 20; i++) {
      // The first one went unanswered: the second may be the first that the client saw.
      silent.asked(0, 'top')
      proof(silent, 'top-again')
    }
    expect(silent.order).toBe('unknown')
    const answering = new OrderFinder()
    for (let i = 0; i < 6; i++) {
      proof(answering, 'top')
      proof(answering, 'top-again')
    }
    expect(answering.order).toBe('inorder')
  })

  test('one question, one proof, however often it is answered', () => {
    const finder = new OrderFinder()
    finder.asked(0, 'gap')
    for (let i = 0; i < 20; i++) finder.topHeard(1, WINDOW_MS, 0)
    expect(finder.order).toBe('unknown')
  })

  test('an answer later than three round trips is none', () => {
    const finder = new OrderFinder()
    for (let i = 0; i < 20; i++) {
      finder.asked(0, 'gap')
      finder.topHeard(WINDOW_MS + 0.5, WINDOW_MS, 0)
    }
    expect(finder.order).toBe('unknown')
  })

  test("nor is one when the client's own timer may be speaking", () => {
    const finder = new OrderFinder()
    for (let i = 0; i < 20; i++) {
      finder.asked(1000, 'gap')
      finder.topHeard(1001, WINDOW_MS, 0)
    }
    expect(finder.order).toBe('unknown')
  })

  test('nor is one to a question that something else disturbed', () => {
    const finder = new OrderFinder()
    for (let i = 0; i < 20; i++) {
      finder.asked(0, 'gap')
      finder.disturbed()
      finder.topHeard(1, WINDOW_MS, 0)
    }
    expect(finder.order).toBe('unknown')
  })

  test('nor is one to no question at all', () => {
    const finder = new OrderFinder()
    for (let i = 0; i < 20; i++) finder.topHeard(1, WINDOW_MS, 0)
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
    for (let i = 0; i < 20; i++) proof(finder, 'gap')
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
