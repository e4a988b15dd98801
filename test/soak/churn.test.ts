import { expect, test } from 'vitest'
import { probeBatch } from '../../src/io/native/probe.ts'
import { runChurn } from './churn.ts'

test.skipIf(typeof probeBatch() === 'string')(
  'reload, abort and crash under load, over and over: nothing else is lost, nothing is left',
  { timeout: 120_000 },
  async () => {
    const result = await runChurn(15)
    expect(result.faults).toEqual([])
    expect(result).toMatchObject({ reloads: 5, aborts: 5, crashes: 5 })
    expect(result.ends.whole).toBeGreaterThan(0)
    expect(result.ends.aborted + result.ends.crashed).toBeGreaterThan(0)
  },
)
