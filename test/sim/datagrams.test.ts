import { describe, expect, test } from 'vitest'
import { type Client, loss, type Rng, uboot2020, uboot2023, WindowClient } from '../../src/lab/index.ts'
import { median } from '../../src/lab/median.ts'
import { negotiated } from '../../src/transfer/policy/negotiated.ts'
import { CLIENTS, POLICIES } from './scenario.ts'
import { runTransfer, type TransferSpec } from './transfer.ts'
import type { Agreed } from '../../src/transfer/negotiate.ts'

const SIZE = 600 * 512 + 17
const WITHOUT_COPIES = Object.keys(POLICIES).filter((name) => !name.startsWith('copies'))

/** The devices that may ask for a window, asking for none. */
const PLAIN: Readonly<Record<string, (sizeBytes: number) => Client>> = {
  'uboot-2020': (sizeBytes) => uboot2020({ sizeBytes }),
  'uboot-2023': (sizeBytes) => uboot2023({ sizeBytes }),
}

function datagramsPerBlock(spec: Omit<TransferSpec, 'seed'>, seeds: number): number {
  const values: number[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    const run = runTransfer({ ...spec, seed })
    // A client that gave up for good says nothing about the cost of a block.
    if (run.verdict.kind.startsWith('intact')) values.push(run.datagramsPerBlock)
  }
  expect(values.length).toBeGreaterThan(seeds / 2)
  return median(values) ?? Number.NaN
}

describe('no Sorcerer’s Apprentice: a clean link costs exactly one datagram per block', () => {
  for (const client of Object.keys(CLIENTS)) {
    for (const policy of WITHOUT_COPIES) {
      test(`${client} x ${policy}`, () => {
        const run = runTransfer({
          sizeBytes: SIZE,
          seed: 7,
          client: (sizeBytes, rng) => CLIENTS[client]({ sizeBytes }, rng),
          policy: (agreed) => policyOf(policy, agreed),
        })
        expect(run.verdict.kind).toBe('intact')
        expect(run.datagramsPerBlock).toBe(1)
      })
    }
  }
})

describe('5 % loss each way', () => {
  const lossy = {
    sizeBytes: SIZE,
    up: (rng: Rng) => [loss({ p: 0.05 }, rng)],
    down: (rng: Rng) => [loss({ p: 0.05 }, rng)],
  }
  const lockStep = ['strict', 'uboot-1.1.3', 'uboot-2008', 'uboot-2020', 'uboot-2023', 'lwip', 'ipxe', 'grub', 'curl']
  for (const client of lockStep) {
    for (const policy of ['lock-step', 'window-2', 'window-8']) {
      test(`${client} x ${policy}: at most 1.30 datagrams per block`, () => {
        const spec = {
          ...lossy,
          client: (sizeBytes: number, rng: Rng) => PLAIN[client]?.(sizeBytes) ?? CLIENTS[client]({ sizeBytes }, rng),
          policy: (agreed: Agreed) => policyOf(policy, agreed),
        }
        // What it costs to find out how a client counts is paid once: a file of a thousand blocks, whatever their size.
        const sizeBytes = 1000 * (client in PLAIN ? 1468 : 512) + 17
        expect(datagramsPerBlock({ ...spec, sizeBytes }, 9)).toBeLessThanOrEqual(1.3)
      })
    }
  }

  for (const windowsize of [2, 4, 8, 16, 32, 64]) {
    test(`windowsize ${windowsize}: at most 1 + p x (windowsize + 3)`, () => {
      const spec = {
        ...lossy,
        client: (sizeBytes: number) => new WindowClient({ sizeBytes, windowsize, dallyMs: 3000 }),
        policy: (agreed: Agreed) => policyOf('strict', agreed),
      }
      expect(datagramsPerBlock(spec, 9)).toBeLessThanOrEqual(1 + 0.05 * (windowsize + 3))
    })
  }
})

function policyOf(name: string, agreed: Agreed) {
  return agreed.windowNegotiated ? negotiated({ windowBlocks: agreed.windowsize }) : POLICIES[name](agreed)
}
