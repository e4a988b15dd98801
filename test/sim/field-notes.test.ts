import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withFieldNotes } from '../../scripts/field-notes.ts'

test('the diagrams and tables of the field notes are what the lab says (npm run field-notes)', {
  timeout: 120_000,
}, () => {
  const page = readFileSync(new URL('../../docs/field-notes/archer-c2.md', import.meta.url), 'utf8')
  const names = [...page.matchAll(/<!-- lab:(\S+) -->\n(?!<!--)/g)].map(([, name]) => name)
  expect(names.toSorted()).toEqual([
    'ack-loss',
    'console',
    'differences',
    'faults',
    'lock-step',
    'nudge',
    'pytftpd',
    'spread',
    'tftpd64',
    'window',
  ])
  expect(withFieldNotes(page)).toBe(page)
})
