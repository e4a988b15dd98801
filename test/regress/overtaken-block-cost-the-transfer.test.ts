import { describe, expect, test } from 'vitest'
import { Bench } from '../double/receiver.ts'

/** Two DATA that were swapped on their way: a strict sender ends the transfer when it sees an ACK that it does not expect. */
describe('a block that overtook another, in lock-step', () => {
  test('brings no ACK as long as the missing one may follow', () => {
    const b = new Bench().start().data(1)
    b.heard()
    b.now += 1
    b.data(3)
    expect(b.heard()).toEqual([])
    b.now += 0.5
    b.data(2)
    expect(b.heard()).toEqual(['ack 2'])
    expect(b.wait(200).heard()).toEqual([])
    expect(b.data(3).seqs).toEqual([1, 2, 3])
  })

  test('is not waited for longer than the network may swap two: then the last ACK is repeated', () => {
    const b = new Bench().start().data(1)
    b.now += 2
    b.data(2)
    b.heard()
    b.data(4)
    expect(b.wait(100).heard()).toEqual(['ack 2'])
    expect(b.data(3).data(4).seqs).toEqual([1, 2, 3, 4])
  })

  test('a copy of a block brings no second ACK either', () => {
    const b = new Bench().start().data(1).data(1).data(2).data(2).data(2)
    expect(b.heard().filter((word) => word !== 'ack 0')).toEqual(['ack 1', 'ack 2'])
  })
})
