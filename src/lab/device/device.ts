/**
 * A named device is a client, its faults and their parameters, as data. A parameter is a number or a distribution from
 * which each boot draws: one unit of a model is worse than the next.
 */
import { type Parameter, type PlacedFaults, type Values, withUsual } from '../fault/catalogue.ts'
import type { LinkOptions } from '../link.ts'
import type { ReceivingNode } from '../node.ts'
import { Rng } from '../rng.ts'
import { CLIENTS, type ClientName } from './clients.ts'
import { CLIENT_FAULTS, DEVICE_FAULTS, LINK_FAULTS } from './faults.ts'

/** A number, or where each boot draws it from. */
export type Draw =
  | number
  | { readonly uniform: readonly [low: number, high: number] }
  | { readonly logUniform: readonly [low: number, high: number] }
  | { readonly oneOf: readonly number[] }

export type Draws = Readonly<Record<string, Draw>>

export interface DeviceFault {
  readonly fault: string
  readonly values: Draws
}

export interface Device {
  readonly name: string
  /** One line for a list. */
  readonly description: string
  /** Where this is known from, and what of it is inference. */
  readonly source: string
  readonly client: { readonly model: ClientName; readonly values: Draws }
  readonly faults: readonly DeviceFault[]
  /** `delayMs` (one way), `jitterMs`, `rateBytesPerSec`, `queueBytes`; the same both ways. */
  readonly link: Draws
}

/** 150 us round trip: a cable and a switch. */
export const DEFAULT_LINK: Values = { delayMs: 0.075 }

export interface BootOptions {
  /** Draws the unit: what it is, and its luck. */
  readonly seed: number
  /** Which boot of the unit it is, from 1. Each has luck of its own, and what was drawn for the unit stays. Default 1. */
  readonly boot?: number
  readonly sizeBytes: number
  readonly filename?: string
  /** How many times it may start, for devices that start again. Default 1. */
  readonly starts?: number
}

/** A device that was switched on. */
export interface Booted {
  readonly client: ReceivingNode
  /** Device to server. */
  readonly up: LinkOptions
  /** Server to device. */
  readonly down: LinkOptions
  /** What was drawn for this boot, by a path such as `ack-loss.p`. */
  readonly drawn: Readonly<Record<string, number>>
}

/** Draws what is to be drawn and makes the client and its links. The same device, seed and size give the same. */
export function bootDevice(device: Device, options: BootOptions): Booted {
  const { seed, boot = 1 } = options
  const rng = new Rng(seed, `boot ${device.name}`)
  const luck = boot === 1 ? rng : rng.fork(`boot ${boot}`)
  const drawn: Record<string, number> = {}
  const draw = (scope: string, values: Draws, parameters: Readonly<Record<string, Parameter>>): Values =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        const path = `${scope}.${name}`
        const number = drawFrom(value, rng.fork(path), parameters[name]?.whole === true)
        if (typeof value !== 'number') drawn[path] = number
        return [name, number]
      }),
    )
  const row = CLIENTS[device.client.model]
  let values = draw(device.client.model, device.client.values, row.parameters)
  let config = { sizeBytes: options.sizeBytes, ...extras(options) }
  const placed: PlacedFaults[] = []
  for (const [index, { fault, values: given }] of device.faults.entries()) {
    const faultValues = draw(fault, given, DEVICE_FAULTS[fault].parameters)
    const inClient = CLIENT_FAULTS[fault]
    if (inClient === undefined) {
      const link = LINK_FAULTS[fault]
      placed.push(link.place(luck.fork(`${index} ${fault}`), withUsual(link.parameters, faultValues)))
    } else {
      const all = withUsual(inClient.parameters, faultValues)
      config = { ...config, ...inClient.config(all) }
      values = { ...values, ...Object.fromEntries(inClient.sets.map((name) => [name, all[name]])) }
    }
  }
  const link = { ...DEFAULT_LINK, ...draw('link', device.link, {}) }
  return {
    client: row.make(config, withUsual(row.parameters, values)),
    up: { ...link, rng: luck.fork('up'), faults: placed.flatMap(({ up }) => up) },
    down: { ...link, rng: luck.fork('down'), faults: placed.flatMap(({ down }) => down) },
    drawn,
  }
}

/** The same device with other faults. */
export function withFaults(device: Device, faults: readonly DeviceFault[]): Device {
  return { ...device, faults: faults.filter(({ fault }) => fault !== 'none') }
}

/** False for a fault of the console on a client that has none. */
export function canHave(device: Device, fault: string): boolean {
  const parameters = CLIENTS[device.client.model].parameters
  return (CLIENT_FAULTS[fault]?.sets ?? []).every((name) => name in parameters)
}

/** `ack-loss:p=0.037+reorder`, `ack-loss:p=0.01..0.3` for a draw, `none`: the way that `readFault` reads. */
export function faultsText(faults: readonly DeviceFault[]): string {
  if (faults.length === 0) return 'none'
  return faults
    .map(({ fault, values }) => {
      const list = Object.entries(values).map(([name, value]) => `${name}=${drawText(value)}`)
      return list.length === 0 ? fault : `${fault}:${list.join(',')}`
    })
    .join('+')
}

function drawText(value: Draw): string {
  if (typeof value === 'number') return String(value)
  if ('logUniform' in value) return value.logUniform.join('..')
  return 'uniform' in value ? value.uniform.join('--') : value.oneOf.join('|')
}

function drawFrom(value: Draw, rng: Rng, whole: boolean): number {
  if (typeof value === 'number') return value
  if ('oneOf' in value) return value.oneOf[rng.int(value.oneOf.length)]
  const [low, high] = 'uniform' in value ? value.uniform : value.logUniform
  // A whole number stands for all that lie up to the next one, so that the last one has its share.
  const end = whole ? high + 1 : high
  const drawn = 'uniform' in value ? low + rng.float() * (end - low) : rng.logUniform(low, end)
  return whole ? Math.min(high, Math.floor(drawn)) : drawn
}

function extras({ filename, starts }: BootOptions): { filename?: string; starts?: number } {
  return { ...(filename === undefined ? {} : { filename }), ...(starts === undefined ? {} : { starts }) }
}
