import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { matkaczmarek } from './matkaczmarek.ts'

describe('matkaczmarek', () => {
  test('the value of any option becomes the window', () => {
    const peer = new ByHand(matkaczmarek(), 9)
    expect(peer.ask({ timeout: 3 })).toBe('OACK windowsize=3')
    expect(peer.ack(0)).toBe('1 2 3')
    expect(peer.ack(1)).toBe('2 3 4')
  })

  test('a stale ACK triggers a send: of the block that was acknowledged last', () => {
    const peer = new ByHand(matkaczmarek(), 9)
    peer.ask({ windowsize: 2 })
    peer.ack(0)
    expect(peer.ack(2)).toBe('3 4')
    expect(peer.ack(1)).toBe('2')
  })

  test('the window again each 0.1 s', () => {
    const peer = new ByHand(matkaczmarek(), 9)
    peer.ask({ windowsize: 2 })
    expect(peer.times(200)).toEqual(['100: 1', '100: 2', '200: 1', '200: 2'])
  })

  test('once the final block was sent any ACK of the window is taken for the end', () => {
    const peer = new ByHand(matkaczmarek(), 3)
    peer.ask({ windowsize: 3 })
    expect(peer.ack(0)).toBe('1 2 3')
    peer.ack(1)
    expect(peer.outcome?.status).toBe('completed')
  })

  test('without options a lost DATA 1 is never sent again', () => {
    const peer = new ByHand(matkaczmarek(), 3)
    expect(peer.ask()).toBe('1')
    expect(peer.times(200)).toEqual(['100: 2', '200: 2'])
  })

  test('a value that is no number kills the program', () => {
    const peer = new ByHand(matkaczmarek(), 3)
    expect(peer.ask({ windowsize: 'x' })).toBe('')
    expect(peer.outcome?.status).toBe('failed')
  })

  test('there is no rollover', () => {
    const peer = new ByHand(matkaczmarek(), 65_540)
    peer.ask({ windowsize: 65_535 })
    peer.ack(0)
    peer.ack(32_000)
    expect(peer.outcome?.status).toBe('failed')
  })
})
