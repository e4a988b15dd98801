import { expect, test } from 'vitest'
import type { DriverHandlers } from '../io/driver.ts'
import { probeBatch } from '../io/native/probe.ts'
import type { ServedTransfer } from './content.ts'
import { driverMaker } from './drivers.ts'

const handlers: DriverHandlers<ServedTransfer> = {
  request: () => expect.unreachable(),
  datagram: () => expect.unreachable(),
  unreachable: () => expect.unreachable(),
  unreadable: () => expect.unreachable(),
  timer: () => expect.unreachable(),
  listenerFailed: () => expect.unreachable(),
}

test.each([
  ['batch', false, ['--driver batch cannot run here, so dgram serves instead: no koffi']],
  ['batch', true, ['--driver batch cannot run here, so dgram serves instead: it has no single port yet']],
  ['dgram', false, []],
  ['auto', false, []],
] as const)(
  '--driver %s, single port %s, where batch cannot run: dgram, said in one line',
  (driver, singlePort, lines) => {
    const said: string[] = []
    const made = driverMaker(
      { driver, singlePort },
      undefined,
      (line) => said.push(line),
      () => 'no koffi',
    )(handlers)
    expect(made.name).toBe('dgram')
    expect(said).toEqual(lines)
    made.close()
  },
)

test.skipIf(typeof probeBatch() === 'string')('batch where it can run, and says nothing', () => {
  const made = driverMaker({ driver: 'batch', singlePort: false }, undefined, () => expect.unreachable())(handlers)
  expect(made.name).toBe('batch')
  made.close()
})
