import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { py3tftp } from './py3tftp.ts'

describe('py3tftp', () => {
  test('lock-step: a repeat each 0.5 s, 5 s without an ACK end it', () => {
    const peer = new ByHand(py3tftp(), 3)
    expect(peer.ask()).toBe('1')
    expect(peer.ack(1)).toBe('2')
    expect(peer.ack(1)).toBe('')
    expect(peer.times(1000)).toEqual(['500: 2', '1000: 2'])
    peer.wait(4000)
    expect(peer.outcome?.status).toBe('failed')
  })

  test('a whole file in windows', () => {
    const peer = new ByHand(py3tftp(), 5)
    peer.ask({ windowsize: 2 })
    expect(peer.ack(0)).toBe('1 2')
    expect(peer.ack(2)).toBe('3 4')
    expect(peer.ack(4)).toBe('5')
    peer.ack(5)
    expect(peer.outcome?.status).toBe('completed')
  })

  test('a partial ACK is answered by the overlap and as many new blocks: right with a window of two', () => {
    const peer = new ByHand(py3tftp(), 9)
    peer.ask({ windowsize: 2 })
    peer.ack(0)
    expect(peer.ack(1)).toBe('2 3')
    expect(peer.ack(3)).toBe('4 5')
  })

  test('with a window of three the new blocks get numbers that were used: the image is spoilt', () => {
    const peer = new ByHand(py3tftp(), 9)
    peer.ask({ windowsize: 3 })
    expect(peer.ack(0)).toBe('1 2 3')
    // Only 3 is missing; block 4 leaves as a second 3, and 5 as 4.
    expect(peer.ack(2)).toBe('3 3=4 4=5')
  })

  test('the client’s timeout is the time between repeats', () => {
    const peer = new ByHand(py3tftp(), 9)
    expect(peer.ask({ timeout: 2 })).toBe('OACK timeout=2')
    expect(peer.times(4900)).toEqual(['2000: OACK timeout=2', '4000: OACK timeout=2'])
  })
})
