import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { pinAnticipate } from './pin-anticipate.ts'

describe('pin/tftp, anticipate', () => {
  test('a batch, then all of its ACKs in exact order', () => {
    const peer = new ByHand(pinAnticipate({ blocks: 3 }), 7)
    expect(peer.ask({ timeout: 1 })).toBe('1 2 3')
    expect(peer.ack(1)).toBe('')
    expect(peer.ack(3)).toBe('')
    expect(peer.ack(2)).toBe('')
    expect(peer.ack(3)).toBe('4 5 6')
    expect(peer.ack(4, 5, 6)).toBe('7')
    peer.ack(7)
    expect(peer.outcome?.status).toBe('completed')
  })

  test('else the whole batch after 5 s from its start and a pause of up to a second, six times', () => {
    const peer = new ByHand(pinAnticipate(), 7)
    peer.ask()
    peer.wait(4000)
    peer.ack(1)
    expect(peer.wait(999)).toBe('')
    expect(peer.wait(1001)).toBe('1 2')
    peer.wait(60_000)
    expect(peer.node.dataSent).toBe(12)
    expect(peer.outcome?.status).toBe('failed')
  })

  test('what comes during the pause is read behind the new batch', () => {
    const peer = new ByHand(pinAnticipate(), 7)
    peer.ask()
    peer.wait(5000)
    expect(peer.ack(1, 2)).toBe('')
    expect(peer.wait(1000)).toBe('1 2 3 4')
  })

  test('two blocks at least', () => {
    expect(new ByHand(pinAnticipate({ blocks: 1 }), 7).ask()).toBe('1 2')
  })
})
