/**
 * A capture that began late, of a transfer with few and large windows, has no ACK for most blocks, and does not show that none is due. The server was said to take blocks for
 * delivered that were not, and the ACKs to be lost, with a confidence that nothing gave.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

function late(acks: readonly number[]) {
  const scene = new Scene()
  let next = 1
  for (const ack of acks) {
    for (; next <= ack; next++) scene.server(packet.data(next, next === acks.at(-1) ? 100 : 512), { afterMs: 0.012 })
    scene.client(packet.ack(ack), { afterMs: 0.6 })
  }
  return scene.one()
}

test('it is not known, and that is said', () => {
  const transfer = late([49, 113, 158, 183])
  const { outcome, causes, holes, limits } = diagnose(transfer)
  expect(transfer.agreed.windowsizeFrom).toBe('unseen')
  // No block passes as delivered that may not be.
  expect([outcome, holes.count]).toEqual(['possible-holes', 131])
  expect(holes.because).toMatch(/does not show whether a window/)
  expect(causes).toEqual([])
  expect(limits.join()).toMatch(/does not show whether a window was negotiated/)
})

test('where most blocks have an ACK the others are in doubt', () => {
  const transfer = late(Array.from({ length: 60 }, (_, n) => n + 1).filter((n) => n % 6 !== 2))
  const { outcome, causes } = diagnose(transfer)
  expect(outcome).toBe('possible-holes')
  expect(causes.map(({ id }) => id)).toContain('cumulative-server-hole')
})
