import { expect, test } from 'vitest'
import { evaluate } from '../diagnosis/evaluation.ts'

/** Its answers seem to come before a slow link lets their packets through: times below zero made costs that are no numbers, and a TypeError. */
test('a device that is one frame behind, served in windows', () => {
  const { diagnosis } = evaluate('rx-one-behind', 'edk2', 'atftpd-0.8', 787878)!
  expect(diagnosis.causes[0]?.id).toBe('rx-one-behind')
})
