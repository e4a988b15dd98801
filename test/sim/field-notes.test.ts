import { expect, test } from 'vitest'
import { FIELD_NOTES, partOf, readFieldNotes, withFieldNotes } from '../../scripts/field-notes.ts'
import { FAULTS, type FaultName } from '../../src/lab/fault/catalogue.ts'

/** Every fourth row of what has one for each fault. */
const SOME_FAULTS = (Object.keys(FAULTS) as FaultName[]).filter((_, i) => i % 4 === 0)
const BY_FAULT = ['faults', 'differences']

test.each(Object.keys(FIELD_NOTES))('what %s shows is what the lab says (npm run field-notes)', (name) => {
  const page = readFieldNotes(name)
  for (const [part, make] of Object.entries(FIELD_NOTES[name](SOME_FAULTS))) {
    const [shown, made] = [partOf(page, part), make()]
    if (!BY_FAULT.includes(part)) expect([part, shown]).toEqual([part, made])
    else expect(shown.split('\n')).toEqual(expect.arrayContaining(made.split('\n')))
  }
})

test('a page without a place for what the lab has to say is refused', () => {
  const page = readFieldNotes('small-mtu.md').replace('<!-- lab:devices -->', '')
  expect(() => withFieldNotes('small-mtu.md', page)).toThrow('no place for lab:devices')
})
