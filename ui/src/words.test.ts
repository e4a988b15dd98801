import { expect, test } from 'vitest'
import type { Ended } from './ended.ts'
import { newsText } from './words.ts'

function ended(outcome: string): Ended {
  return {
    startedMs: 0,
    ms: 1,
    client: '192.0.2.7:2001',
    file: 'image.bin',
    direction: 'read',
    outcome,
    bytes: 0,
    blocks: 0,
    datagrams: 0,
    retransmitted: 0,
    window: 1,
  }
}

test('of many transfers that end at once, those that were refused are not called failed', () => {
  const outcomes = ['completed', 'failed', 'refused', 'refused']
  const news = { begun: [], stalled: [], cured: [], ended: outcomes.map(ended) }
  expect(newsText(news)).toBe('4 ended, 1 of them failed, 2 were refused')
})
