import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { tftpd64 } from './tftpd64.ts'

/** Without the early ticks, so that times are exact. */
const exact = (windowBytes: number) => tftpd64({ windowBytes, earlyMs: 0 })

describe('Tftpd64', () => {
  test('the window is 1 + floor(bytes / blksize) blocks, whatever the client asked', () => {
    expect(new ByHand(exact(0), 9).ask()).toBe('1')
    expect(new ByHand(exact(511), 9).ask()).toBe('1')
    expect(new ByHand(exact(512), 9).ask()).toBe('1 2')
    expect(new ByHand(exact(1000), 9).ask({ windowsize: 8 })).toBe('1 2')
    const large = new ByHand(exact(1000), 9)
    large.ask({ blksize: 1024 })
    expect(large.ack(0)).toBe('1')
  })

  test('only the ACK of the lowest block slides; one ahead is ignored and starts the wait again', () => {
    const peer = new ByHand(exact(1000), 9)
    peer.ask({ timeout: 1 })
    expect(peer.ack(0)).toBe('1 2')
    expect(peer.ack(1)).toBe('3')
    peer.wait(900)
    expect(peer.ack(3)).toBe('')
    expect(peer.times(1000)).toEqual(['1000: 2', '1000: 3'])
  })

  test('while a timeout is pending every packet resends the window; the right ACK ends that', () => {
    const peer = new ByHand(exact(1000), 9)
    peer.ask({ timeout: 1 })
    peer.ack(0)
    peer.wait(1000)
    expect(peer.ack(2)).toBe('1 2')
    expect(peer.ack(0)).toBe('1 2')
    expect(peer.ack(1)).toBe('3')
    expect(peer.ack(1)).toBe('')
  })

  test('waits (T+3)/4, (T+1)/2, T whole seconds, and gives up at the sixth', () => {
    const peer = new ByHand(exact(0), 9)
    peer.ask({ timeout: 10 })
    peer.ack(0)
    expect(peer.times(60_000)).toEqual(['3000: 1', '8000: 1', '18000: 1', '28000: 1', '38000: 1', '48000: ERROR 0'])
    expect(peer.outcome?.status).toBe('failed')
  })

  test('50 blocks sent without progress end it', () => {
    const peer = new ByHand(exact(3584), 99)
    peer.ask({ timeout: 1 })
    expect(peer.ack(0)).toBe('1 2 3 4 5 6 7 8')
    peer.wait(1000)
    for (let i = 0; i < 5; i++) expect(peer.ack(8)).toBe('1 2 3 4 5 6 7 8')
    expect(peer.ack(8)).toBe('ERROR 0')
    expect(peer.outcome?.status).toBe('failed')
  })

  test('the OACK is sent once', () => {
    const peer = new ByHand(exact(1000), 9)
    expect(peer.ask({ timeout: 1 })).toBe('OACK timeout=1')
    expect(peer.wait(5500)).toBe('')
    expect(peer.outcome).toBeUndefined()
    expect(peer.wait(1000)).toBe('ERROR 0')
  })

  test('the last blocks are not sent again: one more packet or timeout, and it is a success', () => {
    const peer = new ByHand(exact(1000), 3)
    peer.ask()
    expect(peer.ack(1)).toBe('3')
    expect(peer.wait(10_000)).toBe('')
    expect(peer.outcome?.status).toBe('completed')
  })

  test('Windows lets a wait end up to a tick early', () => {
    const peer = new ByHand(tftpd64({ windowBytes: 1000 }), 9)
    peer.ask({ timeout: 1 })
    peer.ack(0)
    const waits = Array.from({ length: 200 }, () => {
      peer.ack(9)
      return peer.node.deadline - peer.now
    })
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1000 - 15.625)
    expect(Math.min(...waits)).toBeLessThan(985.5)
    expect(Math.max(...waits)).toBeLessThanOrEqual(1000)
    expect(Math.max(...waits)).toBeGreaterThan(999)
  })
})
