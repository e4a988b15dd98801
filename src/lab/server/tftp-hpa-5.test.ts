import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { tftpHpa5 } from './tftp-hpa-5.ts'

describe('tftp-hpa 5.2', () => {
  test('lock-step: each ACK brings the next block, the last one success', () => {
    const peer = new ByHand(tftpHpa5(), 3)
    expect(peer.ask()).toBe('1')
    expect(peer.ack(1)).toBe('2')
    expect(peer.ack(2)).toBe('3')
    expect(peer.ack(3)).toBe('')
    expect(peer.outcome?.status).toBe('completed')
  })

  test('an unanswered block leaves six times, 1 s doubling, then it gives up', () => {
    const peer = new ByHand(tftpHpa5(), 3)
    peer.ask()
    expect(peer.times(62_000)).toEqual(['1000: 1', '3000: 1', '7000: 1', '15000: 1', '31000: 1'])
    expect(peer.outcome).toBeUndefined()
    expect(peer.wait(1000)).toBe('')
    expect(peer.outcome?.status).toBe('failed')
  })

  test('the client’s timeout takes the place of the first second, and an ACK starts it anew', () => {
    const peer = new ByHand(tftpHpa5(), 4)
    expect(peer.ask({ timeout: 2 })).toBe('OACK timeout=2')
    expect(peer.times(2000)).toEqual(['2000: OACK timeout=2'])
    expect(peer.ack(0)).toBe('1')
    expect(peer.times(6000)).toEqual(['2000: 1', '6000: 1'])
    expect(peer.ack(1)).toBe('2')
    expect(peer.times(2000)).toEqual(['2000: 2'])
  })

  test('a wrong ACK is ignored, together with what waits behind it', () => {
    const peer = new ByHand(tftpHpa5(), 4)
    peer.ask()
    peer.ack(1)
    expect(peer.ack(1)).toBe('')
    expect(peer.ack(5)).toBe('')
    peer.wait(1)
    expect(peer.ack(1, 2)).toBe('')
    peer.wait(1)
    expect(peer.ack(2)).toBe('3')
  })

  test('windowsize is not known, tsize and blksize are', () => {
    const peer = new ByHand(tftpHpa5(), 4)
    expect(peer.ask({ tsize: 0, blksize: 1024, windowsize: 4 })).toBe('OACK tsize=1636 blksize=1024')
  })

  test('an ERROR ends it', () => {
    const peer = new ByHand(tftpHpa5(), 4)
    peer.ask()
    expect(peer.error(0)).toBe('')
    expect(peer.outcome?.error?.code).toBe('ERR_TFTP_PEER_ERROR')
    expect(peer.wait(10_000)).toBe('')
  })

  test('a repeated request starts a second transfer beside the first', () => {
    const peer = new ByHand(tftpHpa5(), 2)
    expect(peer.ask()).toBe('1')
    peer.wait(100)
    expect(peer.ask()).toBe('1')
    expect(peer.ack(1)).toBe('2')
    peer.ack(2)
    expect(peer.outcome?.status).toBe('completed')
    peer.wait(100_000)
    // The other one heard nothing and failed; what counts is the one that the client listened to.
    expect(peer.node.outcomes.map((o) => o.status)).toEqual(['completed', 'failed'])
    expect(peer.outcome?.status).toBe('completed')
  })
})
