/** Exchanges in which nothing happened are passed over: a search that reads them all tells the same. */
import { expect, test } from 'vitest'
import { FAULT_COSTS, type FaultName } from '../../src/capture/diagnosis/explain/faults.ts'
import { HABITS } from '../../src/capture/diagnosis/explain/habits.ts'
import { latenciesOf } from '../../src/capture/diagnosis/explain/latency.ts'
import { type Script, scriptOf } from '../../src/capture/diagnosis/explain/script.ts'
import { storyOf } from '../../src/capture/diagnosis/explain/search.ts'
import { clientTimerOf } from '../../src/capture/diagnosis/explain/timer.ts'
import type { CapturedTransfer } from '../../src/capture/index.ts'
import { labOf } from './evaluation.ts'
import { mainOf, play } from './lab-case.ts'

const CASES = [
  ['data-loss', 'strict', 'tftp-hpa-5.2'],
  ['ack-loss', 'uboot-2008', 'foresend'],
  ['tx-hold', 'uboot-2023', 'foresend-window-2'],
  ['data-loss', 'window', 'foresend'],
  ['ack-loss', 'window', 'tftp-hpa-rfc7440'],
  ['slow-flash', 'ipxe', 'dnsmasq'],
] as const

/** What costs more has no chance, and takes longest. */
const HOPELESS = 300
const FAULTS = [
  'none',
  'data-loss',
  'both-losses',
  'tx-hold',
  'outage',
  'slow-flash',
] as const satisfies readonly FaultName[]

function scriptsOf(transfer: CapturedTransfer): Script[] {
  const all = Uint32Array.from({ length: transfer.packets.length }, (_, i) => i)
  const latencies = latenciesOf(transfer, all)
  const timer = clientTimerOf(transfer, all, latencies[0].usualMs)
  return latencies.map((latency) => scriptOf(transfer, all, latency, timer))
}

test.each(CASES)('%s of %s at %s, with and without exchanges that are passed over', (fault, client, server) => {
  const transfer = mainOf(play(labOf(fault, client, server, 7, 'cable')).transfers)!
  const { agreed, blocks } = transfer
  let passedOver = 0
  for (const script of scriptsOf(transfer)) {
    passedOver = Math.max(passedOver, ...script.exchangesInRow(agreed.windowsize, blocks.final ?? Infinity))
    const whole = { ...script, exchangesInRow: () => new Uint32Array(script.length) }
    for (const habits of HABITS)
      for (const name of FAULTS) {
        const terms = {
          habits,
          windowsize: habits.each === true ? 1 : agreed.windowsize,
          final: blocks.final ?? Infinity,
        }
        const told = (one: Script): string => {
          const story = storyOf(one, terms, FAULT_COSTS[name], HOPELESS, Infinity)
          return JSON.stringify(story, (key, value: unknown) => (key === 'before' ? undefined : value))
        }
        expect(told(script), `${name}, ${habits.name}`).toBe(told(whole))
      }
  }
  expect(passedOver).toBeGreaterThan(2)
})
