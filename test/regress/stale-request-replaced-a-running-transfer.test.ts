import { describe, expect, test } from 'vitest'
import { OwnerDouble, peer } from '../double/endpoint.ts'
import { Sender } from '../../src/transfer/sender.ts'

/**
 * 5000 clients at once: the server read a request late that a client had said twice, after half a second in which it had read
 * nothing else of that client, and began the transfer anew. 30 in a million clients failed by that.
 */
function running(): OwnerDouble {
  const owner = new OwnerDouble({ createSender: (config, policy, sink) => new Sender(config, policy, sink) })
  owner.request(peer(2000))
  owner.accept(owner.transfer)
  owner.now = 1
  owner.answer(owner.transfer)
  return owner
}

describe('the request that began a running transfer, once more after a silence', () => {
  test('is an old copy where the server was too busy to ask: the transfer goes on', () => {
    const owner = running()
    owner.now = 900
    expect(owner.request(peer(2000))).toEqual([])
    owner.now = 901
    expect(owner.answer(owner.transfer, 2)).toContain('blocks 1 3+1')
  })

  test('is a restart where the device left our repeats unanswered', () => {
    const owner = running()
    owner.passTo(900)
    expect(owner.request(peer(2000))).toContain('event:superseded 1')
  })

  test('is a restart when the device asks again later, or the silence is a long one', () => {
    const twice = running()
    twice.now = 900
    expect(twice.request(peer(2000))).toEqual([])
    twice.now = 1399
    expect(twice.request(peer(2000))).toEqual([])
    twice.now = 1400
    expect(twice.request(peer(2000))).toContain('event:superseded 1')
    const late = running()
    late.now = 3001
    expect(late.request(peer(2000))).toContain('event:superseded 1')
  })
})
