/** A server that repeats blocks faster than a slow link carries them harms nothing but the link: no device and no cable is to blame. */
import { expect, test } from 'vitest'
import { evaluate } from './evaluation.ts'

const OF_SERVER = 'sorcerers-apprentice'

test.each([
  ['edk2', 'foresend', 9400],
  ['edk2', 'foresend', 7119],
  ['window', 'foresend', 7003],
  ['window', 'foresend', 7110],
  // Its last block is short, and comes sooner than a whole one can.
  ['window', 'tftpd64', 7001],
] as const)('%s and %s on a narrow link, seed %i', (client, server, seed) => {
  const { diagnosis } = evaluate('none', client, server, seed, 'narrow')!
  expect(diagnosis.causes.map(({ id }) => id).filter((id) => id !== OF_SERVER)).toEqual([])
})

test('a server whose timer is shorter than the round trip', () => {
  const { diagnosis } = evaluate('none', 'strict', 'foresend', 8123, 'far')!
  expect(diagnosis.causes.map(({ id }) => id).filter((id) => id !== OF_SERVER)).toEqual([])
})
