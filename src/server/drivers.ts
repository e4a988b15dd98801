/** Which driver a server gets. */
import { createBatchDriver } from '../io/batch/driver.ts'
import { createDgramDriver } from '../io/dgram/driver.ts'
import type { Driver, DriverHandlers } from '../io/driver.ts'
import type { Native } from '../io/native/linux.ts'
import { portRangeOf } from '../io/port-range.ts'
import { probeBatch } from '../io/native/probe.ts'
import type { ServedTransfer } from './content.ts'
import { isNear } from '../io/near.ts'

export interface DriverChoice {
  readonly driver: 'auto' | 'dgram' | 'batch'
}

/**
 * What the batch driver needs, where it was asked for and can run. Else undefined, or the line that says why `dgram` serves
 * instead; other systems than Linux are not told what they cannot have. The arguments after the first are for tests.
 */
export function nativeFor(
  choice: DriverChoice,
  probe: () => Native | string = probeBatch,
  platform: string = process.platform,
): Native | string | undefined {
  if (choice.driver === 'dgram' || (choice.driver === 'auto' && platform !== 'linux')) return undefined
  const native = probe()
  if (typeof native !== 'string') return native
  return choice.driver === 'auto'
    ? `the fast driver cannot run here, so dgram serves instead: ${native}`
    : `--driver batch cannot run here, so dgram serves instead: ${native}`
}

export interface DriverParts {
  /** The batch driver's; without them it is `dgram`. */
  readonly native: Native | undefined
  readonly sharedPort: 'first' | 'next' | undefined
  readonly singlePort: boolean
  readonly portRange?: string | undefined
}

export function createDriver(
  handlers: DriverHandlers<ServedTransfer>,
  { native, sharedPort, singlePort, portRange }: DriverParts,
): Driver<ServedTransfer> {
  const ports = portRange === undefined ? undefined : portRangeOf(portRange)
  const options = { isNear, singlePort, ports }
  return native === undefined
    ? createDgramDriver(handlers, options)
    : createBatchDriver(handlers, { ...options, native, sharedPort })
}
