import { expect, test } from 'vitest'
import { SharedText } from './shared-text.ts'

test('gives back the same text, and an equal one where it has forgotten', () => {
  const texts = new SharedText()
  for (let i = 0; i < 10_000; i++) expect(texts.share(`file ${i % 300}`)).toBe(`file ${i % 300}`)
})
