/** Whether a device can boot at all. Parameters that leave no way make every server look bad, so they are refused. */
import { HEADER_BYTES } from '../../packet/index.ts'
import { DEFAULT_BLKSIZE } from '../../transfer/negotiate.ts'
import { type Parameter, withUsual } from '../fault/catalogue.ts'
import { wireBytes } from '../frame.ts'
import { CLIENTS } from './clients.ts'
import type { Device, Draw, Draws } from './device.ts'
import { type Habits, habitsOf } from './habits.ts'

/** Where the mistake is, as a path into the device file, and what is allowed there. */
export interface NoBoot {
  readonly path: string
  readonly message: string
}

/** UDP and IPv4. */
const IP_UDP_BYTES = 28
const ACK_BYTES = 4
/** The smallest block that a client may be granted (RFC 2348). */
const MIN_BLKSIZE = 8

/**
 * Why no boot of `device` can succeed, whatever it draws and whatever the server does; undefined when one can. A fault that
 * says by its name that nothing arrives (`dead-rx`, `arp-silent`) is what was asked for.
 */
export function whyNoBoot(device: Device): NoBoot | undefined {
  const habits = easiest(device)
  return tooSmallQueue(device) ?? tooSlow(device, habits) ?? tooSmallMtu(device, habits)
}

/** What the client does with the most patience that its parameters allow. */
function easiest({ client }: Device): Habits {
  const { parameters, make } = CLIENTS[client.model]
  const values = withUsual(parameters, bounds(client.values, Math.max))
  return habitsOf(() => make({ sizeBytes: 0 }, values))
}

/** A datagram that is larger than the whole queue before the wire never leaves. */
function tooSmallQueue({ client, link }: Device): NoBoot | undefined {
  if (link.rateBytesPerSec === undefined || link.queueBytes === undefined) return undefined
  const queueBytes = most(link.queueBytes)
  const bytes = wireBytes(HEADER_BYTES + smallestBlksize(client))
  if (bytes <= queueBytes) return undefined
  return {
    path: 'link.queueBytes',
    message: `no block leaves: one takes ${bytes} bytes, and the queue holds ${queueBytes}; allowed is ${bytes} or more`,
  }
}

/** The answer to each of its packets comes when it has given up, or has spent its budget. */
function tooSlow({ client, link }: Device, habits: Habits): NoBoot | undefined {
  const perSec = link.rateBytesPerSec === undefined ? Infinity : most(link.rateBytesPerSec)
  const wireMs = ((wireBytes(HEADER_BYTES + smallestBlksize(client)) + wireBytes(ACK_BYTES)) * 1000) / perSec
  const roundTripMs = 2 * least(link.delayMs ?? 0) + wireMs
  const patienceMs = habits.budgetOf === 'transfer' && !habits.backsOff ? habits.timerMs! : habits.givesUpMs
  if (roundTripMs < patienceMs) return undefined
  const path = ['link.delayMs', 'link.rateBytesPerSec'].find((name) => name.slice(5) in link) ?? 'client.timeoutMs'
  const waits = `${client.model} waits ${Math.round(patienceMs)} ms for a block`
  return {
    path,
    message: `no boot is possible: ${waits}, and a round trip takes ${Math.round(roundTripMs)} ms; allowed is a round trip below the wait`,
  }
}

/** Its request, or the smallest block that it can be sent, does not fit into one packet of the path. */
function tooSmallMtu(device: Device, habits: Habits): NoBoot | undefined {
  const blockBytes = HEADER_BYTES + (habits.asksForBlksize ? MIN_BLKSIZE : DEFAULT_BLKSIZE)
  const needed = IP_UDP_BYTES + Math.max(habits.requestBytes, blockBytes)
  for (const [index, { fault, values }] of device.faults.entries()) {
    if (fault !== 'fragment-loss' || values.mtu === undefined || most(values.mtu) >= needed) continue
    const what = habits.requestBytes > blockBytes ? 'request' : 'smallest block'
    return {
      path: `faults[${index}].mtu`,
      message: `no boot is possible: the ${what} of ${device.client.model} needs packets of ${needed} bytes; allowed is ${needed} or more`,
    }
  }
  return undefined
}

/** What a server may grant at least is smaller, but most grant what is asked: the smallest that it may ask for. */
function smallestBlksize({ model, values }: Device['client']): number {
  const parameters: Readonly<Record<string, Parameter>> = CLIENTS[model].parameters
  return values.blksize === undefined ? (parameters.blksize?.usual ?? DEFAULT_BLKSIZE) : least(values.blksize)
}

function bounds(values: Draws, pick: (...numbers: number[]) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, pick(...numbersOf(value))]))
}

function most(value: Draw): number {
  return Math.max(...numbersOf(value))
}

function least(value: Draw): number {
  return Math.min(...numbersOf(value))
}

/** The ends of what a draw may give. */
function numbersOf(value: Draw): readonly number[] {
  if (typeof value === 'number') return [value]
  if ('oneOf' in value) return value.oneOf
  return 'uniform' in value ? value.uniform : value.logUniform
}
