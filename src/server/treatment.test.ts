import { describe, expect, test } from 'vitest'
import type { Transfer } from '../endpoint/endpoint.ts'
import { negotiateRead } from '../transfer/negotiate.ts'
import { Treatment } from './treatment.ts'
import type { ServedTransfer } from './content.ts'
import { Sender } from '../transfer/sender.ts'
import type { LearntDevice } from '../transfer/contract.ts'

const limits = { maxBlksize: 65464, maxWindowsize: 65535, maxWindowBytes: 1 << 20, refuse: new Set<string>() }

/** A transfer that ended like this, as far as a treatment looks at it. */
function ended(
  status: 'completed' | 'failed',
  learnt: LearntDevice,
  options: ServedTransfer['request']['options'] = [],
) {
  const machine = Object.create(Sender.prototype, { learnt: { value: () => learnt } }) as Sender
  return {
    machine,
    outcome: { status },
    peer: { address: '10.0.0.1', port: 2070, local: '', near: true },
    request: { opcode: 1, filename: 'a', mode: 'octet', options },
  } as unknown as Transfer as ServedTransfer
}

const agreed = negotiateRead({ opcode: 1, filename: 'a', mode: 'octet', options: [] }, 1000, limits)
const wide: LearntDevice = { window: { windowBlocks: 8, gapMs: 0 } }

describe('Treatment', () => {
  test('gives back what the last transfer of the device taught', () => {
    const treatment = new Treatment({ window: 'auto' })
    const transfer = ended('completed', wide)
    expect(treatment.deviceFor(transfer)).toEqual({ known: false, patient: false })
    expect(treatment.policyFor(transfer, agreed)).toMatchObject({ type: 'adaptive', windowBlocks: 1 })
    treatment.ended(transfer)
    expect(treatment.deviceFor(transfer)).toEqual({ known: true, patient: false, ...wide })
    expect(treatment.policyFor(transfer, agreed)).toMatchObject({ type: 'adaptive', windowBlocks: 8 })
  })

  test('a transfer that failed teaches nothing but that the device counts repeats', () => {
    const treatment = new Treatment({ window: 'auto' })
    treatment.ended(ended('failed', wide))
    expect(treatment.deviceFor(ended('failed', {})).known).toBe(false)
    treatment.ended(ended('failed', { countsRepeats: true }))
    expect(treatment.deviceFor(ended('failed', {}))).toEqual({ known: true, patient: true })
    expect(treatment.policyFor(ended('failed', {}), agreed)).toMatchObject({ type: 'anticipation', windowBlocks: 1 })
  })

  test('the ROM that takes whatever comes is known by its request', () => {
    const options = [
      { name: 'tsize', value: '0' },
      { name: 'blksize', value: '1024' },
    ]
    expect(new Treatment({ window: 8 }).deviceFor(ended('completed', {}, options)).patient).toBe(true)
  })
})
