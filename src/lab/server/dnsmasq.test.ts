import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { dnsmasq } from './dnsmasq.ts'

describe('dnsmasq', () => {
  test('lock-step, and wrong ACKs are ignored', () => {
    const peer = new ByHand(dnsmasq(), 3)
    expect(peer.ask({ timeout: 1 })).toBe('1')
    expect(peer.ack(1)).toBe('2')
    expect(peer.ack(1)).toBe('')
    expect(peer.ack(3)).toBe('')
    expect(peer.ack(2)).toBe('3')
    peer.ack(3)
    expect(peer.outcome?.status).toBe('completed')
  })

  test('waits 2, 2, 3, 3, 5, 5, 9 s, the first one up to a second less', () => {
    const peer = new ByHand(dnsmasq(), 3)
    peer.ask()
    const times = peer.times(40_000).map((line) => Number.parseInt(line, 10))
    expect(times[0]).toBeGreaterThan(1000)
    expect(times[0]).toBeLessThanOrEqual(2000)
    expect(times.slice(1).map((time, i) => time - times[i]!)).toEqual([2000, 3000, 3000, 5000, 5000])
    expect(peer.outcome?.status).toBe('failed')
  })

  test('a missing last ACK is a success', () => {
    const peer = new ByHand(dnsmasq(), 2)
    peer.ask()
    peer.ack(1)
    peer.wait(40_000)
    expect(peer.outcome?.status).toBe('completed')
  })
})
