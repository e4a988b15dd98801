/**
 * A device that holds ACKs sends two at once. tftp-hpa drains its socket at the first of them, which it does not expect, and the second is gone: it sends
 * the block again although its ACK is in the capture. That was called a loss between the capture and the program.
 */
import { expect, it } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { viewOf } from '../../src/capture/diagnosis/view/view.ts'
import { playCase } from '../diagnosis/evaluation.ts'
import { mainOf } from '../diagnosis/lab-case.ts'

it('a device that holds ACKs is not taken for losses behind the capture', () => {
  const transfer = mainOf(playCase('tx-hold', 'curl', 'tftp-hpa-5.2', 1)?.transfers ?? [])!
  // The picture of such losses.
  expect(viewOf(transfer).turns.unheard.length).toBeGreaterThan(3)
  expect(diagnose(transfer).causes.map(({ id }) => id)).toEqual(['tx-hold'])
})
