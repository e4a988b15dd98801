import { expect, test } from 'vitest'
import { Bench } from '../double/receiver.ts'

/** tftp-hpa sets its alarm of five seconds again at each ACK: one repeated every second kept it silent until both gave up. */
const TIMER_MS = 5000

/** Waits until such a client sends again, and returns how long that took. */
function untilItsTimer(b: Bench): number {
  const from = b.now
  for (let silentMs = 0; silentMs < TIMER_MS && b.outcome === undefined; silentMs++) {
    b.wait(1)
    if (b.heard().length > 0) silentMs = 0
  }
  return b.now - from
}

test('R3: repeats of an ACK leave room for the timer of the client', () => {
  const b = new Bench({ acknowledgeRequest: true }).start().upTo(10)
  b.heard()
  expect(untilItsTimer(b)).toBeLessThan(8000)
  expect(b.data(11).heard()).toEqual(['ack 11'])
})

test('a client whose timer had to speak is repeated to once from then on', () => {
  const b = new Bench({ acknowledgeRequest: true }).start().upTo(10)
  b.heard()
  untilItsTimer(b)
  b.data(11).heard()
  expect(untilItsTimer(b)).toBeLessThan(5500)
  b.data(12)
  expect(b.outcome).toBeUndefined()
})

test('a client that answers repeats is asked each second for longer', () => {
  const b = new Bench({ acknowledgeRequest: true }).start().upTo(10)
  b.wait(250).data(11).heard()
  b.wait(5000)
  expect(b.heard().length).toBeGreaterThanOrEqual(6)
})
