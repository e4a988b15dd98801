import { expect, test } from 'vitest'
import { Receiver } from '../../src/transfer/receiver.ts'

/**
 * The deadline of giving up is `progressAt + giveUpMs`, and what came due was `now - progressAt >= giveUpMs`. For some times the second
 * is false at the very moment of the first, because sums are rounded: the timer was called again and again at the same time.
 */
test('a receiver whose time is up ends at its deadline, whatever the time', () => {
  const nothing = (): void => {}
  let spun = 0
  for (let i = 0; i < 2000; i++) {
    let due = Infinity
    let ended = false
    const sink = {
      sendControl: nothing,
      deadline: (at: number) => void (due = at),
      ended: () => void (ended = true),
      notice: nothing,
      store: nothing,
      finish: nothing,
    }
    const receiver = new Receiver(
      {
        blksize: 8,
        windowsize: 1,
        rollover: 0,
        oack: undefined,
        acknowledgeRequest: true,
        near: true,
        addressValidated: true,
        peerTimeoutMs: 1000,
        label: 'a test',
      },
      sink,
    )
    receiver.start(1000 + i * 1.234_567_89)
    for (let calls = 0; !ended && calls < 200; calls++) receiver.handleTimer(due)
    if (!ended) spun++
  }
  expect(spun).toBe(0)
})
