import { expect, test } from 'vitest'
import { FIELD_NOTES, readFieldNotes, withFieldNotes } from '../../scripts/field-notes.ts'

const TIMEOUT_MS = 120_000

test.each(Object.keys(FIELD_NOTES))(
  'what %s shows is what the lab says (npm run field-notes)',
  { timeout: TIMEOUT_MS },
  (name) => {
    const page = readFieldNotes(name)
    expect(withFieldNotes(name, page)).toBe(page)
  },
)

test('a page without a place for what the lab has to say is refused', () => {
  const page = readFieldNotes('small-mtu.md').replace('<!-- lab:devices -->', '')
  expect(() => withFieldNotes('small-mtu.md', page)).toThrow('no place for lab:devices')
})
