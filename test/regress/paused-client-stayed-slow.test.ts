import { expect, test } from 'vitest'
import { WindowClient, type WindowClientConfig } from '../../src/lab/client/window-client.ts'
import { negotiated } from '../../src/transfer/policy/negotiated.ts'
import { runTransfer } from '../sim/transfer.ts'

/**
 * A client that took long over its OACK and its first window, and was quick from then on. The repeats that it got meanwhile made
 * it say something twice, so it counted as one that loses blocks and acknowledges inside windows: its windows left in parts, and
 * the last part waited for an ACK that only the whole window brings. Three blocks went with each timeout, for ever.
 */
interface Pauses {
  /** Milliseconds over the OACK, before the first window, and after it. */
  readonly oackMs: number
  readonly firstMs: number
  readonly secondMs: number
}

class SlowStarter extends WindowClient {
  readonly #windowsize: number
  readonly #pauses: Pauses

  constructor(config: WindowClientConfig, pauses: Pauses) {
    super(config)
    this.#windowsize = config.windowsize
    this.#pauses = pauses
  }

  protected override onStart(now: number): void {
    super.onStart(now)
    this.busyUntil = now + this.#pauses.oackMs
  }

  protected override onOack(...args: Parameters<WindowClient['onOack']>): void {
    super.onOack(...args)
    this.busyUntil = args[0] + this.#pauses.firstMs
  }

  protected override onData(...args: Parameters<WindowClient['onData']>): void {
    super.onData(...args)
    if (args[1] === this.#windowsize) this.busyUntil = args[0] + this.#pauses.secondMs
  }
}

const BLOCKS = 1500

test.each([2, 3, 4, 5, 6, 8, 16])('windowsize %d: a slow start is not a slow transfer', (windowsize) => {
  const slow: string[] = []
  for (const oackMs of [1, 2, 3.4, 10]) {
    for (const firstMs of [30, 72, 80, 120]) {
      for (const secondMs of [0.5, 1, 2, 4, 10]) {
        const { ms, verdict } = runTransfer({
          sizeBytes: 512 * BLOCKS + 5,
          seed: 1,
          delayMs: 0.015,
          near: true,
          client: (sizeBytes) =>
            new SlowStarter({ sizeBytes, windowsize, rxQueue: 256 }, { oackMs, firstMs, secondMs }),
          policy: () => negotiated({ windowBlocks: windowsize }),
        })
        expect(verdict.kind).toBe('intact')
        if (ms > 1000) slow.push(`${oackMs} ${firstMs} ${secondMs}: ${ms.toFixed(0)} ms`)
      }
    }
  }
  expect(slow).toEqual([])
})
