import { describe, expect, test } from 'vitest'
import { OwnerDouble, peer } from '../../test/double/endpoint.ts'
import { OPCODE } from '../packet/index.ts'
import { eventOf } from './endpoint.ts'

describe('at the listening port', () => {
  const text = (s: string) => [...s].map((c) => (c === '|' ? 0 : c.charCodeAt(0)))
  test.each<[string, number[], string[]]>([
    ['nothing', [], []],
    ['one byte', [1], []],
    ['an opcode alone', [0, 1], []],
    ['DATA', [0, 3, 0, 1, 65], []],
    ['ACK', [0, 4, 0, 1], []],
    ['ERROR', [0, 5, 0, 0, 0], []],
    ['OACK', [0, 6, ...text('tsize|0|')], []],
    ['opcode 0', [0, 0, 0, 0], ['reply error 4']],
    ['an unknown opcode', [0, 7, 0, 0], ['reply error 4']],
    ['an opcode in the wrong byte order', [1, 0, ...text('image|octet|')], ['reply error 4']],
    ['a request without an end', [0, 1, ...text('image|oct')], ['reply error 4', 'event:refused 1']],
    ['mode mail', [0, 1, ...text('image|mail|')], ['reply error 4', 'event:refused 1']],
    ['an unknown mode', [0, 1, ...text('image|binary|')], ['reply error 4', 'event:refused 1']],
    ['RRQ', [0, 1, ...text('image|octet|')], ['event:requested 1', 'open 1']],
    ['WRQ', [0, 2, ...text('image|OCTET|')], ['event:requested 1', 'open 1']],
  ])('%s', (_name, bytes, expected) => {
    const owner = new OwnerDouble()
    expect(owner.raw(peer(2000), ...bytes)).toEqual(expected)
    expect(owner.replies.every(({ packet }) => packet.length <= 128)).toBe(true)
  })

  test('WRQ while uploads are off: ERROR 2 with a reason', () => {
    const owner = new OwnerDouble({ writable: false })
    expect(owner.request(peer(2000), 'image', OPCODE.wrq)).toEqual(['reply error 2', 'event:refused 1'])
    expect(String.fromCharCode(...owner.replies[0].packet)).toContain('uploads are not allowed')
    expect(owner.events[0].outcome?.error?.message).toMatch(/10\.0\.0\.1:2000 for image refused.*--writable/)
  })

  test('nobody is answered at port 0', () => {
    const owner = new OwnerDouble()
    expect(owner.request(peer(0))).toEqual([])
    expect(owner.raw(peer(0), 0, 9, 9, 9)).toEqual([])
  })

  test('a flood of nonsense does not become a flood of events, and none is forgotten', () => {
    const owner = new OwnerDouble()
    for (let i = 0; i < 1000; i++) owner.raw(peer(2000 + i), 0, 1, 65, 0, 66, 0)
    expect(owner.events.length).toBeLessThan(20)
    expect(owner.endpoint.counts.refused).toBe(1000)
    owner.now = 60_000
    owner.raw(peer(4000), 0, 1, 65, 0, 66, 0)
    expect(owner.events.at(-1)?.outcome?.error?.message).toMatch(/\(984 more/)
  })

  test('text of the peer is escaped in messages and raw in the event', () => {
    const owner = new OwnerDouble({ writable: false })
    owner.request(peer(2000), 'a\x1b[31mb\n', OPCODE.wrq)
    expect(owner.events[0].outcome?.error?.message).toContain('a\\x1b[31mb\\x0a')
    expect(eventOf('progress', 0, owner.events[0].transfer, 0).file).toBe('a\x1b[31mb\n')
  })
})
