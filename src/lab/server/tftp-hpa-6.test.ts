import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { tftpHpa6 } from './tftp-hpa-6.ts'

describe('tftp-hpa 6.0', () => {
  test('whole windows: only the ACK of the last block advances', () => {
    const peer = new ByHand(tftpHpa6(), 6)
    expect(peer.ask({ windowsize: 4 })).toBe('OACK windowsize=4')
    expect(peer.ack(0)).toBe('1 2 3 4')
    expect(peer.ack(2)).toBe('')
    peer.wait(1)
    expect(peer.ack(4)).toBe('5 6')
    peer.ack(6)
    expect(peer.outcome?.status).toBe('completed')
  })

  test('else the window again after 1, 2, 4 s, and no more after the sixth time', () => {
    const peer = new ByHand(tftpHpa6(), 6)
    peer.ask({ windowsize: 2 })
    peer.ack(0)
    expect(peer.times(7000)).toEqual(['1000: 1', '1000: 2', '3000: 1', '3000: 2', '7000: 1', '7000: 2'])
    peer.wait(60_000)
    expect(peer.outcome?.status).toBe('failed')
  })

  test('a wrong ACK does not start the wait again', () => {
    const peer = new ByHand(tftpHpa6(), 6)
    peer.ask({ windowsize: 2 })
    peer.ack(0)
    peer.wait(900)
    peer.ack(1)
    expect(peer.times(200)).toEqual(['100: 1', '100: 2'])
  })

  test('without a window it is lock-step', () => {
    const peer = new ByHand(tftpHpa6(), 3)
    expect(peer.ask()).toBe('1')
    expect(peer.ack(1)).toBe('2')
  })
})
