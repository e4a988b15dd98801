import { expect, test } from 'vitest'
import { evaluate } from '../diagnosis/evaluation.ts'

/** More than a tenth of the answers waited in the device, so these waits passed for usual and nothing was said. */
test('answers that a fault holds up are not the usual ones', () => {
  expect(evaluate('tx-hold', 'uboot-2023', 'foresend', 9400)?.first).toBe(true)
})

/** No block had been acknowledged, so nothing was looked for, although the device had taken the options. */
test('a device that is one frame behind is known before its first block', () => {
  expect(evaluate('rx-one-behind', 'curl', 'rs-tftpd', 9400)?.first).toBe(true)
})
