/** At which addresses a device reaches the server. */
import type { Network, Status } from './wire.ts'

const EVERY: Readonly<Record<string, 4 | 6>> = { '0.0.0.0': 4, '::': 6 }

/** Addresses of this machine beyond loopback that the server listens on. */
export function reachable(addresses: Network['addresses'], listening: Status['listening']): Network['addresses'] {
  return addresses.filter(
    ({ address, family, isLoopback }) =>
      !isLoopback && listening.some((one) => EVERY[one.address] === family || one.address === address),
  )
}
