/**
 * Each frame that waited in the device was answered when the next one arrived, ten milliseconds late. Each was taken for an answer that comes late by
 * chance, because the packet right before it was not a repeat of the same block: ten times in a row that is no chance.
 */
import { expect, test } from 'vitest'
import { evaluate } from '../diagnosis/evaluation.ts'
import type { ServerName } from '../../src/lab/index.ts'

test.each<ServerName>(['foresend', 'foresend-strict', 'foresend-window-2'])('held frames of EDK2 at %s', (server) => {
  const { level, diagnosis } = evaluate('rx-hold', 'edk2', server, 5151)!
  expect(level).toBe(true)
  expect(diagnosis.causes.map(({ id }) => id)).toContain('rx-hold')
})
