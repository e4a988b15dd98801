/** Which driver a server gets. */
import { createBatchDriver } from '../io/batch.ts'
import { createDgramDriver } from '../io/dgram.ts'
import type { Driver, DriverHandlers, Tap } from '../io/driver.ts'
import type { Native } from '../io/native/linux.ts'
import { probeBatch } from '../io/native/probe.ts'
import type { ServedTransfer } from './content.ts'
import { isNear } from './peers.ts'

export interface DriverChoice {
  readonly driver: 'auto' | 'dgram' | 'batch'
  readonly singlePort: boolean
}

/**
 * Makes the driver that was asked for. Where `batch` cannot run, `dgram` takes its place and `onFallback` hears why, in one
 * line. `probe` for tests.
 */
export function driverMaker(
  choice: DriverChoice,
  tap: Tap | undefined,
  onFallback: (message: string) => void,
  probe: () => Native | string = probeBatch,
): (handlers: DriverHandlers<ServedTransfer>) => Driver<ServedTransfer> {
  return (handlers) => {
    const options = { isNear, ...(tap === undefined ? {} : { tap }) }
    if (choice.driver === 'batch') {
      const native = choice.singlePort ? 'it has no single port yet' : probe()
      if (typeof native !== 'string') return createBatchDriver(handlers, { ...options, native })
      onFallback(`--driver batch cannot run here, so dgram serves instead: ${native}`)
    }
    return createDgramDriver(handlers, { ...options, singlePort: choice.singlePort })
  }
}
