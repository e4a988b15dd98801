/** Names and values on the command line of the lab: what they stand for, or one line that says what would be right. */
import { basename } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { didYouMean } from '../../lab/device/nearest.ts'
import { whyNoBoot } from '../../lab/device/bootable.ts'
import { canHave, faultsText } from '../../lab/device/device.ts'
import {
  type Device,
  type DeviceFault,
  DEVICES,
  parseDevice,
  readFaults,
  withFaults,
  DEVICE_FAULTS,
  FAULT_ROWS,
} from '../../lab/index.ts'
import { SERVERS } from '../../lab/server/catalogue.ts'
import type { ServerModel } from '../../lab/server/model.ts'
import { STORERS, type StorerModel } from '../../lab/storer/catalogue.ts'
import { UPLOADERS, type UploaderModel } from '../../lab/uploader/catalogue.ts'
import { errnoOf } from '../../io/bind-error.ts'
import { readSmallFile } from '../../small-file.ts'
import { usageError } from '../exit.ts'
import { parseSize } from './render/words.ts'

export interface NamedServer {
  readonly name: string
  readonly model: ServerModel
}

/** Larger images only cost memory. */
const MAX_SIZE_BYTES = 2 ** 31

/** A flag that may be given several times, and with several names by comma each time. */
export function nameList(text: string, before: readonly string[] | undefined): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw new InvalidArgumentError('It takes a name, or several with commas between.')
  return [...(before ?? []), ...names]
}

/** The same for faults, whose parameters have commas themselves. */
export function faultList(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text]
}

export function sizeFlag(text: string): number {
  const bytes = parseSize(text)
  if (bytes === undefined || bytes > MAX_SIZE_BYTES) {
    throw new InvalidArgumentError('It takes bytes, up to 2 GiB: 1048576, 512k, 7.75MiB.')
  }
  return bytes
}

/** `ADDR:PORT`, IPv6 in brackets. */
export function parseAddressPort(text: string): { readonly address: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3] ?? -1)
  if (match === null || port < 0 || port > 65_535) {
    throw new InvalidArgumentError('It takes ADDR:PORT, such as 127.0.0.1:6970 or [::1]:6970.')
  }
  return { address: match[1] ?? match[2], port }
}

/** Names, `all`, names that end in `*`, and device files (whatever ends in .json, or is a path). */
export function devicesFor(names: readonly string[] | undefined): Device[] {
  return matching(names, DEVICES, 'device', (name) => (isDeviceFile(name) ? readDevice(name) : undefined))
}

/** No name of a device has a slash. */
export function isDeviceFile(name: string): boolean {
  return name.endsWith('.json') || name.includes('/')
}

export function serversFor(names: readonly string[] | undefined): NamedServer[] {
  return matching<NamedServer>(names, named<ServerModel>(SERVERS), 'server', () => undefined)
}

/** Each device with each of the faults; without any, with its own. `all` stands for every fault. */
export function withEachFault(devices: readonly Device[], faults: readonly string[] | undefined): Device[] {
  if (faults === undefined) return [...devices]
  const sets = faults.flatMap((text) => (text === 'all' ? Object.keys(DEVICE_FAULTS) : [text])).map(readFaults)
  const possible = devices.flatMap((device) =>
    sets.filter((set) => set.every(({ fault }) => canHave(device, fault))).map((set) => withFaults(device, set)),
  )
  if (possible.length === 0)
    throw usageError(`none of these devices can have ${faults.join(' or ')}: that sits in a console`)
  for (const device of possible) {
    const noBoot = whyNoBoot(device)
    if (noBoot !== undefined) throw usageError(`${device.name} with ${faultsText(device.faults)}: ${noBoot.message}`)
  }
  return possible
}

/** Faults of a link alone. */
export function linkFaults(faults: readonly string[] | undefined): DeviceFault[] {
  const list = (faults ?? []).flatMap(readFaults)
  const inside = list.find(({ fault }) => fault in DEVICE_FAULTS && !('place' in DEVICE_FAULTS[fault]))
  if (inside !== undefined) throw usageError(`${inside.fault} sits in the device: no link can have it`)
  return list
}

export interface NamedUploader {
  readonly name: string
  readonly model: UploaderModel
}

export interface NamedStorer {
  readonly name: string
  readonly model: StorerModel
}

/** Clients that store, by name. */
export function uploadersFor(names: readonly string[] | undefined): NamedUploader[] {
  return matching<NamedUploader>(names, named(UPLOADERS), 'client that stores', () => undefined)
}

/** Servers that store, by name. */
export function storersFor(names: readonly string[] | undefined): NamedStorer[] {
  return matching<NamedStorer>(names, named(STORERS), 'server that stores', () => undefined)
}

function named<T>(table: Readonly<Record<string, T>>): Record<string, { readonly name: string; readonly model: T }> {
  return Object.fromEntries(Object.entries(table).map(([name, model]) => [name, { name, model }]))
}

/** Sets of faults of a link, one for each time the flag was given; without any, none. `all` stands for every fault of a link. */
export function linkFaultSets(faults: readonly string[] | undefined): DeviceFault[][] {
  const texts = (faults ?? ['none']).flatMap((text) => (text === 'all' ? Object.keys(FAULT_ROWS) : [text]))
  return texts.map((text) => linkFaults([text]).filter(({ fault }) => fault !== 'none'))
}

function readDevice(path: string): Device {
  let text: string
  try {
    text = readSmallFile(path).toString('utf8')
  } catch (cause) {
    throw usageError(
      `cannot read the device file ${basename(path)}: ${errnoOf(cause)}; give a path to one, or a name from \`foresend lab list\``,
    )
  }
  return parseDevice(text, path)
}

function matching<T>(
  names: readonly string[] | undefined,
  table: Readonly<Record<string, T>>,
  kind: string,
  other: (name: string) => T | undefined,
): T[] {
  const known = Object.keys(table)
  const found = new Map<string, T>()
  for (const name of names ?? ['all']) {
    const pattern = name === 'all' ? '*' : name
    const hits = pattern.endsWith('*')
      ? known.filter((one) => one.startsWith(pattern.slice(0, -1)))
      : known.filter((one) => one === name)
    for (const hit of hits) found.set(hit, table[hit])
    if (hits.length > 0) continue
    const made = other(name)
    if (made === undefined) throw usageError(`unknown ${kind} ${JSON.stringify(name)}${didYouMean(name, known)}`)
    found.set(name, made)
  }
  return [...found.values()]
}
