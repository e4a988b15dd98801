import { expect, test } from 'vitest'
import { Bench, OACK } from '../double/receiver.ts'

/** atftp ends its transfer at a second OACK behind its first DATA, and a busy server reads that DATA late (ADR 7). */
test('the OACK of an upload is repeated after a second, and then each second, five times', () => {
  const b = new Bench({ oack: OACK, addressValidated: false }).start()
  expect(b.heard()).toEqual(['oack'])
  for (let i = 0; i < 5; i++) {
    expect(b.wait(999).heard()).toEqual([])
    expect(b.wait(1).heard()).toEqual(['oack'])
  }
  expect(b.wait(20_000).heard()).toEqual([])
})
