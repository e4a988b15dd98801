import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { rsTftpd } from './rs-tftpd.ts'

describe('rs-tftpd', () => {
  test('the last of the ACKs that wait is cumulative, what it does not confirm leaves again', () => {
    const peer = new ByHand(rsTftpd(), 12)
    peer.ask({ windowsize: 4 })
    expect(peer.ack(0)).toBe('1 2 3 4')
    expect(peer.ack(1, 2)).toBe('3 4 5 6')
    expect(peer.ack(6)).toBe('7 8 9 10')
    expect(peer.ack(10)).toBe('11 12')
    peer.ack(12)
    expect(peer.outcome?.status).toBe('completed')
  })

  test('a later stale ACK hides the one before it', () => {
    const peer = new ByHand(rsTftpd(), 12)
    peer.ask()
    peer.ack(1)
    expect(peer.ack(2, 1)).toBe('')
  })

  test('repeated ACKs are ignored and do not start the wait again', () => {
    const peer = new ByHand(rsTftpd(), 12)
    peer.ask()
    expect(peer.ack(1)).toBe('2')
    peer.wait(3000)
    expect(peer.ack(1)).toBe('')
    expect(peer.times(2000)).toEqual(['2000: 2'])
  })

  test('six timeouts in the whole transfer, not in a row', () => {
    const peer = new ByHand(rsTftpd(), 12)
    peer.ask({ timeout: 1 })
    peer.ack(0)
    for (let block = 1; block <= 6; block++) {
      expect(peer.wait(1000)).toBe(String(block))
      expect(peer.ack(block)).toBe(String(block + 1))
    }
    expect(peer.wait(1000)).toBe('')
    expect(peer.outcome?.status).toBe('failed')
  })

  test('copies 1 ms apart; ACKs are looked at behind them', () => {
    const peer = new ByHand(rsTftpd({ copies: 2 }), 12)
    expect(peer.ask()).toBe('1')
    expect(peer.ack(1)).toBe('')
    expect(peer.times(10)).toEqual(['1: 1', '1: 2', '2: 2'])
    expect(peer.ack(1)).toBe('')
  })
})
