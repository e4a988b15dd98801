/** The one cause that an event names, out of all that the diagnosis of its transfer found. */
import { type CauseId, diagnose } from '../capture/diagnosis/index.ts'
import { transferFromTrace } from '../capture/from-trace.ts'
import type { EventKind } from '../endpoint/contract.ts'
import type { Evidence } from './evidence.ts'

export interface Finding {
  readonly cause: CauseId
  /** 0 to 1. */
  readonly confidence: number
  readonly explanation: string
  readonly advice: string
}

/** Below this an event names no cause. A transfer that failed is worth a guess; in a stall less is known than at its end. */
const LEAST_CONFIDENCE: Readonly<Partial<Record<EventKind, number>>> = { failed: 0.3, superseded: 0.3, stalled: 0.6 }
const LEAST_OF_OTHERS = 0.4

/** What the rules advise where they say "serve it with Foresend", or speak of a capture: here Foresend serves it, and there is none. */
const ADVICE: Readonly<Partial<Record<CauseId, string>>> = {
  'ack-loss':
    'the transmit side of the device is marginal: try another cable, port, or a plain 100 Mbit/s switch between; Foresend repairs what it can, and remembers the device',
  'data-loss':
    'try another cable or port, 100 Mbit/s in place of 1000, and no flow control; look at the drop counters of every switch on the way',
  'dead-rx':
    'no server can repair this: check the address that the device has and the netmask of this machine, another cable and port, and the firewall between them; a unit that receives nothing in its bootloader needs its serial console or a programmer',
  'arp-silent':
    'give this machine a fixed entry for it: `ip neigh replace ADDRESS lladdr MAC dev INTERFACE nud permanent`',
  'budget-used-up':
    'U-Boot 1.1.x counts timeouts over the whole transfer and ends at the eleventh: power it up again, Foresend remembers what helps it',
  'client-silent': 'look at its console: it may have crashed, restarted, lost its link or been switched off',
  'client-refused':
    'read its text: a full memory, a file that it does not take, or an option that it did not ask for; try `--window strict`',
  unreachable: 'its port is closed: it gave up, or started again',
}

/** Undefined when nothing is sure enough. */
export function findingOf(kind: EventKind, { traced, trace }: Evidence): Finding | undefined {
  const { causes } = diagnose(transferFromTrace(traced, wordsOf(trace)))
  const least = LEAST_CONFIDENCE[kind] ?? LEAST_OF_OTHERS
  const found = causes.find(({ confidence }) => confidence >= least)
  if (found === undefined) return undefined
  const { id, confidence, title, advice } = found
  return {
    cause: id,
    confidence: Math.round(confidence * 100) / 100,
    explanation: title,
    advice: ADVICE[id] ?? advice,
  }
}

function wordsOf(trace: string): Uint32Array {
  const bytes = Buffer.from(trace, 'base64')
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~7)))
}
