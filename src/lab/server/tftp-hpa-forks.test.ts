import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { tftpHpaForks } from './tftp-hpa-forks.ts'

describe('the RFC 7440 forks of tftp-hpa', () => {
  test('a partial ACK: 50 ms of silence, then on behind it', () => {
    const peer = new ByHand(tftpHpaForks(), 9)
    peer.ask({ windowsize: 4 })
    expect(peer.ack(0)).toBe('1 2 3 4')
    expect(peer.ack(2)).toBe('')
    peer.wait(30)
    // Whatever comes meanwhile is thrown away, and lengthens the silence.
    expect(peer.ack(4)).toBe('')
    expect(peer.times(60)).toEqual(['50: 3', '50: 4', '50: 5', '50: 6'])
    expect(peer.ack(6)).toBe('7 8 9')
  })

  test('a timeout, 1 s whatever was negotiated, resends the last block of the window alone', () => {
    const peer = new ByHand(tftpHpaForks(), 9)
    peer.ask({ windowsize: 4, timeout: 3 })
    peer.ack(0)
    expect(peer.times(2500)).toEqual(['1000: 4', '2000: 4'])
    peer.wait(5000)
    expect(peer.outcome?.status).toBe('failed')
  })

  test('a windowsize above 64 is refused', () => {
    const peer = new ByHand(tftpHpaForks(), 9)
    expect(peer.ask({ windowsize: 65 })).toBe('ERROR 8')
    expect(peer.outcome?.status).toBe('failed')
    expect(new ByHand(tftpHpaForks(), 9).ask({ windowsize: 64 })).toBe('OACK windowsize=64')
  })

  test('in lock-step a repeated ACK resends after 50 ms', () => {
    const peer = new ByHand(tftpHpaForks(), 9)
    peer.ask()
    expect(peer.ack(1)).toBe('2')
    expect(peer.ack(1)).toBe('')
    expect(peer.times(60)).toEqual(['50: 2'])
  })
})
