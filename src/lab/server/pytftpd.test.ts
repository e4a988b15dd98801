import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import { pyTftpd } from './pytftpd.ts'

describe('PyTFTPd', () => {
  test('patched: two packets after every packet, wanted or not', () => {
    const peer = new ByHand(pyTftpd({ windowBlocks: 2 }), 9)
    expect(peer.ask({ timeout: 1 })).toBe('1 2')
    expect(peer.ack(1)).toBe('2 3')
    expect(peer.ack(2)).toBe('3 4')
    expect(peer.ack(2)).toBe('3 4')
    expect(peer.ack(9)).toBe('3 4')
  })

  test('ACKs are cumulative: the lost one below is never missed', () => {
    const peer = new ByHand(pyTftpd({ windowBlocks: 2 }), 4)
    peer.ask()
    expect(peer.ack(2)).toBe('3 4')
    peer.ack(4)
    expect(peer.outcome?.status).toBe('completed')
  })

  test('0.1 s timer; 300 timeouts of the whole transfer end it', () => {
    const peer = new ByHand(pyTftpd({ windowBlocks: 2 }), 9)
    peer.ask()
    expect(peer.times(200)).toEqual(['100: 1', '100: 2', '200: 1', '200: 2'])
    expect(peer.ack(1)).toBe('2 3')
    peer.wait(29_750)
    expect(peer.outcome).toBeUndefined()
    peer.wait(100)
    expect(peer.outcome?.status).toBe('failed')
  })

  test('the OACK leaves twenty times, whatever the client says', () => {
    const peer = new ByHand(pyTftpd({ windowBlocks: 2 }), 9)
    expect(peer.ask({ blksize: 1024, timeout: 1 })).toBe('OACK blksize=1024')
    for (let i = 0; i < 19; i++) expect(peer.ack(0)).toBe('OACK blksize=1024')
    expect(peer.ack(0)).toBe('1 2=3')
  })

  test('as published it refuses other options, and the window is the client’s', () => {
    expect(new ByHand(pyTftpd(), 9).ask({ timeout: 1 })).toBe('ERROR 9')
    const peer = new ByHand(pyTftpd(), 9)
    expect(peer.ask({ windowsize: 3 })).toBe('OACK windowsize=3')
    expect(peer.times(2000)).toHaveLength(19 + 3)
    expect(new ByHand(pyTftpd(), 9).ask()).toBe('1')
  })

  test('one client at a time: the next one waits', () => {
    const peer = new ByHand(pyTftpd({ windowBlocks: 2 }), 2)
    peer.ask()
    expect(peer.ask({}, 3000)).toBe('')
    expect(peer.ack(2)).toBe('1 2')
    expect(peer.node.started).toBe(2)
  })
})
