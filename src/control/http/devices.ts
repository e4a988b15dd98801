/**
 * Devices as a person counts them: by MAC address, or by network address where that is unknown. What was learnt is kept for each kind of request
 * of a device, as its ROM and the system that this loads are two clients.
 */
import type { Reader, StoredDevice } from '../../history/reader.ts'

export interface DeviceRequest {
  /** What the history knows it by. */
  readonly identity: string
  /** In plain words; empty while nothing was learnt. */
  readonly learnt: readonly string[]
  readonly transfers: number
}

export interface DeviceView {
  readonly name: string
  readonly addresses: readonly string[]
  readonly requests: readonly DeviceRequest[]
  /** Of all its requests together. */
  readonly learnt: readonly string[]
  /** Milliseconds since the epoch. */
  readonly firstSeen: number | undefined
  readonly lastSeen: number | undefined
  readonly transfers: number
  /** Of its transfers: those that broke off, and requests that were refused. */
  readonly failed: number
  readonly refused: number
}

/** The one that was there last first. */
export function devicesOf(reader: Reader, limit: number): DeviceView[] {
  const groups = new Map<string, StoredDevice[]>()
  for (const device of reader.devices(limit)) {
    const name = device.mac ?? device.identity.split(' ', 1)[0] ?? ''
    groups.set(name, [...(groups.get(name) ?? []), device])
  }
  return [...groups].map(([name, kinds]) => deviceOf(name, kinds))
}

function deviceOf(name: string, kinds: readonly StoredDevice[]): DeviceView {
  const requests = kinds.map(({ identity, transfers, ...kind }) => ({ identity, learnt: learntWords(kind), transfers }))
  return {
    name,
    addresses: [...new Set(kinds.map(({ address }) => address).filter((address) => address !== ''))],
    requests,
    learnt: [...new Set(requests.flatMap(({ learnt }) => learnt))],
    firstSeen: least(kinds.map(({ firstMs }) => firstMs)),
    lastSeen: most(kinds.map(({ lastMs }) => lastMs)),
    transfers: requests.reduce((sum, { transfers }) => sum + transfers, 0),
    failed: kinds.reduce((sum, { failed }) => sum + failed, 0),
    refused: kinds.reduce((sum, { refused }) => sum + refused, 0),
  }
}

function learntWords({ learnt }: Pick<StoredDevice, 'learnt'>): string[] {
  if (learnt === undefined) return []
  const { window, countsRepeats } = learnt.learnt
  const words = [
    ...(countsRepeats === true ? ['it takes a repeated block for the next one: blocks are not repeated early'] : []),
    ...(window === undefined ? [] : [`it gets ${blocks(window.windowBlocks)}${gap(window.gapMs)}`]),
  ]
  return words.length === 0 ? ['it is healthy: nothing needs to be done for it'] : words
}

function blocks(count: number): string {
  return count === 1 ? 'one block at a time' : `${count} blocks at a time`
}

function gap(ms: number): string {
  // It was measured: more digits say nothing.
  return ms === 0 ? '' : `, ${Number(ms.toPrecision(2))} ms apart`
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function most(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
