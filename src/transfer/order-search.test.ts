import { describe, expect, test } from 'vitest'
import { Rng } from '../lab/rng.ts'
import { OrderSearch, type Question } from './order-search.ts'

const WINDOW_MS = 3

/** Asks until the finder is sure or `most` questions were asked; `answers` says which are answered with the highest acknowledged block. Returns what was asked. */
function inquire(finder: OrderSearch, most: number, answers: (question: Question, n: number) => boolean): Question[] {
  const asked: Question[] = []
  let top = 1
  for (let n = 0; n < most; n++) {
    // A new block is acknowledged.
    if (asked.at(-1) === 'more') top++
    const question = finder.nextQuestion(top, true)
    if (finder.order !== 'unknown') break
    finder.asked(n * 10, question)
    asked.push(question)
    if (answers(question, n)) finder.highestNamed(n * 10 + 1, WINDOW_MS, n * 10)
  }
  return asked
}

const rounds = (asked: readonly Question[]) => asked.filter((question) => question === 'more').length

describe('the questions', () => {
  test('of silence: the missing block, the top, the block ahead, and on to the next top', () => {
    const asked = inquire(new OrderSearch(), 8, () => false)
    expect(asked).toEqual(['gap', 'top', 'ahead', 'more', 'gap', 'top', 'ahead', 'more'])
  })

  test('a top that answers is asked again, and a client that is silent then gets a new block', () => {
    const asked = inquire(new OrderSearch(), 5, (question) => question === 'top')
    expect(asked).toEqual(['gap', 'top', 'top-again', 'more', 'gap'])
  })

  test('a client that is mute at its place gets two new blocks before each question, until one moves it on', () => {
    const finder = new OrderSearch()
    const asked: Question[] = []
    for (let n = 0; n < 12; n++) {
      const question = finder.nextQuestion(n < 10 ? 1 : 2, true)
      finder.asked(n * 10, question)
      asked.push(question)
      if (n === 0) finder.highestNamed(n * 10 + 1, WINDOW_MS, 0)
    }
    const muted = ['more', 'more', 'gap', 'more', 'more', 'gap', 'more', 'more']
    expect(asked).toEqual(['gap', 'top', ...muted, 'gap', 'top'])
  })

  test('a round begins with what brought the last proof', () => {
    const asked = inquire(new OrderSearch(), 9, (question) => question === 'ahead')
    expect(asked).toEqual(['gap', 'top', 'ahead', 'top', 'more', 'ahead', 'top', 'more', 'ahead'])
  })
})

describe('A1: inorder', () => {
  test.each(['gap', 'ahead'] as const)(
    'a client that names the top for "%s" and is silent on the top: five times',
    (kind) => {
      const finder = new OrderSearch()
      const asked = inquire(finder, 100, (question) => question === kind)
      expect(finder.order).toBe('inorder')
      expect(rounds(asked)).toBe(4)
    },
  )

  test('a client that answers every repeat: five times', () => {
    const finder = new OrderSearch()
    inquire(finder, 100, (question) => question === 'top' || question === 'top-again')
    expect(finder.order).toBe('inorder')
  })

  test('a client of any order proves nothing where no new block may leave, and the missing one leaves in its place', () => {
    const finder = new OrderSearch()
    let last: Question = 'none'
    for (let n = 0; n < 300; n++) {
      const question = finder.nextQuestion(1, true)
      const left = question === 'more' ? 'gap' : question === 'top-again' ? 'top' : question
      finder.asked(n * 10, left === 'gap' ? left : question)
      // Silent on the block that it took last; its ACK of the missing one is lost each time.
      if (left === 'top' && last !== 'top') finder.highestNamed(n * 10 + 1, WINDOW_MS, n * 10)
      if (left !== 'ahead') last = left
    }
    expect(finder.order).toBe('unknown')
  })

  test('answers long after the last progress count in pairs that no timer can have made', () => {
    const [quick, slow] = [new OrderSearch(), new OrderSearch()]
    for (const [finder, spacingMs] of [
      [quick, 60],
      [slow, 300],
    ] as const) {
      for (let n = 0; n < 100 && finder.order === 'unknown'; n++) {
        const question = finder.nextQuestion(1, true)
        const now = 10_000 + n * spacingMs
        finder.asked(now, question)
        // A healthy client that counts in order: silent on what it has, but for the last block.
        if (question === 'top' || question === 'top-again') finder.highestNamed(now + 20, 60, 0)
      }
    }
    expect([quick.order, slow.order]).toEqual(['inorder', 'unknown'])
  })

  test('one late answer in a round, as a timer would give it, proves nothing, whatever it seems to answer', () => {
    for (const answered of ['gap', 'ahead', 'top', 'top-again'] as const) {
      const finder = new OrderSearch()
      for (let n = 0; n < 300; n++) {
        const question = finder.nextQuestion(1, true)
        finder.asked(10_000 + n * 60, question)
        if (question === answered) finder.highestNamed(10_000 + n * 60 + 20, 60, 0)
      }
      expect([answered, finder.order]).toEqual([answered, 'unknown'])
    }
  })

  test('a device that was seen to send old ACKs for no reason: seven times', () => {
    const finder = new OrderSearch()
    finder.staleSeen()
    const asked = inquire(finder, 100, (question) => question === 'gap')
    expect(finder.order).toBe('inorder')
    expect(rounds(asked)).toBe(6)
  })

  test('a refusal below the top proves it at once', () => {
    const finder = new OrderSearch()
    finder.provenInorder()
    expect(finder.order).toBe('inorder')
  })
})

describe('A1: no proof', () => {
  test('is one who names the top for the missing block and then answers the top: he had just taken the other', () => {
    const finder = new OrderSearch()
    inquire(finder, 300, (question) => question === 'gap' || question === 'top')
    expect(finder.order).toBe('unknown')
  })

  test('is the top answered once', () => {
    const finder = new OrderSearch()
    inquire(finder, 300, (question) => question === 'top')
    expect(finder.order).toBe('unknown')
  })

  test('is silence on everything, new blocks included', () => {
    const finder = new OrderSearch()
    for (let n = 0; n < 300; n++) finder.asked(n * 10, finder.nextQuestion(1, true))
    expect(finder.order).toBe('unknown')
  })

  test.each(['gap', 'ahead', 'top'] as const)(
    'is a new block that is acknowledged where %s is answered too',
    (answered) => {
      const finder = new OrderSearch()
      inquire(finder, 300, (question) => question === answered && answered === 'top')
      if (answered === 'top') expect(finder.order).toBe('unknown')
      // A block that was taken moves the highest acknowledged one, or ends the gap: then the round is none.
      const other = new OrderSearch()
      let top = 1
      for (let n = 0; n < 300; n++) {
        const question = other.nextQuestion(top, true)
        other.asked(n * 10, question)
        if (question === 'more') top++
        if (question === answered) top += 2
      }
      expect(other.order).toBe('unknown')
    },
  )

  test('is an answer later than three round trips', () => {
    const finder = new OrderSearch()
    for (let n = 0; n < 100; n++) {
      const question = finder.nextQuestion(1, true)
      finder.asked(n * 10, question)
      if (question === 'gap') finder.highestNamed(n * 10 + WINDOW_MS + 0.5, WINDOW_MS, n * 10)
    }
    expect(finder.order).toBe('unknown')
  })

  test("is one when the client's own timer may be speaking", () => {
    const finder = new OrderSearch()
    for (let n = 0; n < 100; n++) {
      const question = finder.nextQuestion(1, true)
      finder.asked(1000 + n, question)
      if (question === 'gap') finder.highestNamed(1000 + n, WINDOW_MS, 0)
    }
    expect(finder.order).toBe('unknown')
  })
})

describe('A1: a client that drops all but the next block without a word', () => {
  test('is in order when it left both questions unanswered and took the new block, ten times', () => {
    const finder = new OrderSearch()
    const asked = inquire(finder, 300, () => false)
    expect(finder.order).toBe('inorder')
    expect(finder.answersRepeats).toBe(false)
    expect(rounds(asked)).toBe(10)
  })

  test('fourteen times where an old ACK came that nothing of ours can have caused', () => {
    const finder = new OrderSearch()
    finder.staleSeen()
    expect(rounds(inquire(finder, 300, () => false))).toBe(14)
  })

  test('as often anew when it was taken for one of any order meanwhile', () => {
    const each = inquire(new OrderSearch(), 300, () => false).length / 10
    const finder = new OrderSearch()
    expect(rounds(inquire(finder, 9 * each, () => false))).toBe(9)
    finder.likelyAny()
    finder.doubted()
    expect(rounds(inquire(finder, 300, () => false))).toBe(14)
  })

  test('is not found where one of any order loses half of the questions and answers', () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const rng = new Rng(seed, 'any order')
      const finder = new OrderSearch()
      let top = 1
      for (let n = 0; n < 400 && finder.order === 'unknown'; n++) {
        const question = finder.nextQuestion(top, true)
        finder.asked(n * 10, question)
        // Half are lost on the way, or the answers are.
        if (rng.chance(0.5)) continue
        if (question === 'gap' || question === 'ahead') break
        if (question === 'more') top++
      }
      expect(finder.order).toBe('unknown')
    }
  })
})

test('A1: any is for good', () => {
  const finder = new OrderSearch()
  finder.provenAny()
  for (let n = 0; n < 100; n++) {
    const question = finder.nextQuestion(1, true)
    finder.asked(n, question)
    if (question === 'gap') finder.highestNamed(n, WINDOW_MS, n)
  }
  finder.provenInorder()
  expect(finder.order).toBe('any')
})

test('A1: any takes precedence over what was proved before', () => {
  const finder = new OrderSearch()
  finder.provenInorder()
  finder.provenAny()
  expect(finder.order).toBe('any')
})
