import { describe, expect, test } from 'vitest'
import { atftpd } from './atftpd.ts'
import { ByHand } from './by-hand.ts'

describe('atftpd 0.8, lock-step', () => {
  test('a repeated ACK brings the next block again, but not once more for the answer to that', () => {
    const peer = new ByHand(atftpd(), 9)
    expect(peer.ask()).toBe('1')
    expect(peer.ack(1)).toBe('2')
    expect(peer.ack(2)).toBe('3')
    expect(peer.ack(2)).toBe('3')
    // The client answers both copies of 3: one ACK each, and the second of them is dropped.
    expect(peer.ack(3)).toBe('4')
    expect(peer.ack(3)).toBe('')
    expect(peer.ack(1)).toBe('')
  })

  test('--prevent-sas ignores what is older than the last ACK', () => {
    const peer = new ByHand(atftpd({ preventSas: true }), 9)
    peer.ask()
    peer.ack(1)
    expect(peer.ack(2)).toBe('3')
    expect(peer.ack(1)).toBe('')
  })

  test('5 s, or the client’s timeout; the sixth in a row ends it', () => {
    const peer = new ByHand(atftpd(), 9)
    peer.ask()
    expect(peer.times(10_000)).toEqual(['5000: 1', '10000: 1'])
    const asked = new ByHand(atftpd(), 9)
    expect(asked.ask({ timeout: 1 })).toBe('OACK timeout=1')
    expect(asked.times(6000)).toHaveLength(5)
    expect(asked.outcome?.status).toBe('failed')
  })
})

describe('atftpd 0.8, windows', () => {
  test('goes back to any ACK that is not older than the last', () => {
    const peer = new ByHand(atftpd(), 20)
    expect(peer.ask({ windowsize: 4 })).toBe('OACK windowsize=4')
    expect(peer.ack(0)).toBe('1 2 3 4')
    expect(peer.ack(4)).toBe('5 6 7 8')
    expect(peer.ack(3)).toBe('')
  })

  test('an incomplete window puts 10 us more between two packets', () => {
    const peer = new ByHand(atftpd(), 20)
    peer.ask({ windowsize: 4 })
    peer.ack(0)
    const before = peer.node.dataSent
    expect(peer.ack(2)).toBe('3')
    peer.wait(0.029)
    expect(peer.node.dataSent - before).toBe(3)
    peer.wait(0.002)
    expect(peer.node.dataSent - before).toBe(4)
  })

  test('a timeout goes back to the last ACK', () => {
    const peer = new ByHand(atftpd(), 20)
    peer.ask({ windowsize: 4 })
    peer.ack(0)
    peer.ack(4)
    expect(peer.wait(5000)).toBe('5 6 7 8')
  })

  test('the end of the file', () => {
    const peer = new ByHand(atftpd(), 6)
    peer.ask({ windowsize: 4 })
    peer.ack(0)
    expect(peer.ack(4)).toBe('5 6')
    expect(peer.ack(5)).toBe('6')
    peer.ack(6)
    expect(peer.outcome?.status).toBe('completed')
  })
})
