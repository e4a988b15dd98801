/** What the API answers, member by member. The compiler checks each against the type that is sent. */
import * as v from 'valibot'
import type { TraceEntry } from '../../transfer/trace.ts'
import type { ServerStats } from '../../server/contract.ts'
import type { DeviceView } from './devices.ts'
import type { NetworkView } from './network.ts'
import type { Status } from './status.ts'
import type { TransferView } from './view.ts'
import type { Digests, FoundDiagnosis } from './work.ts'

/** `T` as JSON has it: what is undefined is left out. */
export type Sent<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> | undefined
}

const text = v.string()
const count = v.number()

const ENDINGS = {
  requested: count,
  completed: count,
  probed: count,
  refused: count,
  superseded: count,
  failed: count,
}

export const STATS = v.object({
  since: count,
  transfers: v.object({ running: count, ...ENDINGS }),
  writes: v.object(ENDINGS),
  bytes: v.object({ read: count, written: count }),
  network: v.object({
    requests: count,
    ignored: count,
    repeated: count,
    refused: count,
    arrivals: count,
    sendErrors: v.record(text, count),
    receiveErrors: count,
    dropped: count,
  }),
}) satisfies v.GenericSchema<ServerStats>

export const STATUS = v.object({
  version: text,
  pid: count,
  listening: v.array(v.object({ address: text, port: count })),
  writable: v.boolean(),
  http: v.object({ tokenNeeded: v.boolean() }),
  ...STATS.entries,
}) satisfies v.GenericSchema<Status>

export const TRANSFER_VIEW = v.object({
  id: count,
  client: text,
  file: text,
  served: v.optional(text),
  direction: v.picklist(['read', 'write']),
  state: v.picklist(['requested', 'running', 'stalled']),
  bytes: count,
  sizeBytes: v.optional(count),
  rateBytesPerSec: count,
  blksize: v.optional(count),
  window: count,
  datagrams: count,
  retransmitted: count,
  stalls: count,
  since: count,
  inWords: text,
}) satisfies v.GenericSchema<Sent<TransferView>>

export const TRACE = v.object({
  ms: count,
  sent: v.boolean(),
  kind: v.picklist(['other', 'data', 'ack', 'error', 'oack', 'through', 'request']),
  number: count,
}) satisfies v.GenericSchema<TraceEntry>

/** As `foresend history --json` prints it. */
export const HISTORY_ROW = v.object({
  id: count,
  started: text,
  ms: count,
  address: text,
  port: count,
  mac: v.optional(text),
  device: v.optional(text),
  direction: v.picklist(['read', 'write']),
  asked: text,
  served: v.optional(text),
  optionsAsked: text,
  optionsAgreed: text,
  outcome: text,
  lastAck: v.optional(text),
  code: v.optional(text),
  reason: v.optional(text),
  cause: v.optional(text),
  confidence: v.optional(count),
  bytes: count,
  sizeBytes: v.optional(count),
  blocks: count,
  datagrams: count,
  repeats: count,
  window: count,
  blksize: v.optional(count),
  stalls: count,
  crc32: v.optional(text),
  hasTrace: v.boolean(),
})

export const DEVICE = v.object({
  name: text,
  addresses: v.array(text),
  requests: v.array(v.object({ identity: text, learnt: v.array(text), transfers: count })),
  learnt: v.array(text),
  firstSeen: v.optional(count),
  lastSeen: v.optional(count),
  transfers: count,
  failed: count,
  refused: count,
}) satisfies v.GenericSchema<Sent<DeviceView>>

export const NETWORK = v.object({
  addresses: v.array(
    v.object({
      name: text,
      address: text,
      family: v.picklist([4, 6]),
      isUp: v.boolean(),
      isLoopback: v.boolean(),
    }),
  ),
  port: count,
  firewall: v.nullable(v.object({ said: text })),
  lastRequest: v.nullable(count),
  hints: v.array(text),
}) satisfies v.GenericSchema<NetworkView>

export const DIAGNOSIS = v.object({
  outcome: text,
  causes: v.array(v.object({ id: text, confidence: count, explanation: text, advice: text, evidence: v.array(text) })),
  holes: v.object({
    count,
    ranges: v.array(v.object({ first: count, last: count })),
    because: text,
  }),
}) satisfies v.GenericSchema<FoundDiagnosis>

const DIGESTS = { sha256: text, md5: text, crc32: text }
void (v.object(DIGESTS) satisfies v.GenericSchema<Digests>)

export const FILE = v.object({ name: text, sizeBytes: count, modified: count })
export const FILE_DIGESTS = v.object({ name: text, sizeBytes: count, ...DIGESTS })
export const STORED_FILE = v.object({ name: text, sizeBytes: count, sha256: text })

export const PROBLEM = v.object({ type: text, status: count, code: text, detail: text })

/** A text that is looked for. */
export const TEXT = v.pipe(v.string(), v.maxLength(512))

/** Rows of a page. */
export function limitOf(most: number): v.GenericSchema {
  return v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,4}$/), v.transform(Number), v.minValue(1), v.maxValue(most)),
    String(Math.min(most, 100)),
  )
}

/** What a program that asks gets. */
export type SentHistoryRow = Readonly<v.InferOutput<typeof HISTORY_ROW>>
export type SentDevice = Readonly<v.InferOutput<typeof DEVICE>>
export type SentNetwork = Readonly<v.InferOutput<typeof NETWORK>>
export type SentFile = Readonly<v.InferOutput<typeof FILE>>
export type SentDigests = Readonly<v.InferOutput<typeof FILE_DIGESTS>>
export type SentDiagnosis = Readonly<v.InferOutput<typeof DIAGNOSIS>>
export type SentStatus = Readonly<v.InferOutput<typeof STATUS>>
