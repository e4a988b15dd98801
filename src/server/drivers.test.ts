import { expect, test } from 'vitest'
import { FakeNative } from '../../test/double/native.ts'
import type { DriverHandlers } from '../io/driver.ts'
import { probeBatch } from '../io/native/probe.ts'
import type { ServedTransfer } from './content.ts'
import { createDriver, nativeFor } from './drivers.ts'

const handlers: DriverHandlers<ServedTransfer> = {
  request: () => expect.unreachable(),
  datagram: () => expect.unreachable(),
  isRequest: () => expect.unreachable(),
  stray: () => expect.unreachable(),
  unreachable: () => expect.unreachable(),
  unreadable: () => expect.unreachable(),
  timer: () => expect.unreachable(),
  listenerFailed: () => expect.unreachable(),
}
const parts = { sharedPort: undefined, singlePort: false }

test.each([
  ['batch', 'linux', '--driver batch cannot run here, so dgram serves instead: no koffi'],
  ['auto', 'linux', 'the fast driver cannot run here, so dgram serves instead: no koffi'],
  ['auto', 'darwin', undefined],
  ['batch', 'darwin', '--driver batch cannot run here, so dgram serves instead: no koffi'],
  ['dgram', 'linux', undefined],
] as const)('--driver %s on %s where batch cannot run: %s', (driver, platform, line) => {
  expect(nativeFor({ driver }, () => 'no koffi', platform)).toBe(line)
})

test('auto takes batch where it can run', () => {
  const native = new FakeNative()
  expect(nativeFor({ driver: 'auto' }, () => native, 'linux')).toBe(native)
})

test('without foreign functions it is dgram', () => {
  const made = createDriver(handlers, { ...parts, native: undefined })
  expect(made.name).toBe('dgram')
  made.close()
})

test.skipIf(typeof probeBatch() === 'string')('with them it is batch', () => {
  const native = probeBatch()
  const made = createDriver(handlers, { ...parts, native: native as Exclude<typeof native, string> })
  expect(made.name).toBe('batch')
  made.close()
})
