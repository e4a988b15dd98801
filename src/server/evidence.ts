/** What a diagnosis needs of a transfer that stalled or failed: its facts as plain data, and its trace. Made in the instance that served it. */
import type { TracedEnd, TracedTransfer } from '../capture/from-trace.ts'
import type { EventKind } from '../endpoint/contract.ts'
import type { Transfer } from '../endpoint/endpoint.ts'
import { COUNTER, newCounters } from '../transfer/contract.ts'

/** On its way to the control side. */
export interface Evidence {
  readonly traced: TracedTransfer
  /** As `Traces.copy` returns it, little-endian in base64. */
  readonly trace: string
  /** This side ended it, and it had not stalled: the reason of its end says all. */
  readonly isClear: boolean
}

/** RFC 1350: the port of requests. It is not known to a transfer, and no rule looks at it. */
const REQUEST_PORT = 69
const NO_COUNTERS = newCounters()
/** A completed transfer with this many repeats, and this share of its blocks, had trouble. */
const MANY_REPEATS = 8
const MANY_SHARE = 0.02

/**
 * Whether an event of `kind` tells of something that a diagnosis explains: `transfer` stands still, goes on, or has ended badly or with trouble.
 * A client of a group says nothing while another leads, and its trace lacks the blocks that others asked for: the rules of the diagnosis
 * look for an answer to each block, and would blame a healthy network. The reason of its end says why it ended.
 */
export function needsEvidence(kind: EventKind, transfer: Transfer): boolean {
  return transfer.agreed?.group === undefined && isTrouble(kind, transfer)
}

/** The same, for a transfer of a group as well: it is worth a recording. */
export function isTrouble(kind: EventKind, transfer: Transfer): boolean {
  if (kind === 'completed') return hadTrouble(transfer)
  return kind === 'failed' || kind === 'superseded' || kind === 'stalled' || kind === 'recovered'
}

/** It stood still, lacks its last acknowledgement, or repeated more than a healthy network brings about. */
function hadTrouble({ machine, outcome }: Transfer): boolean {
  if (machine === undefined) return false
  const { counters } = machine
  const repeats = counters[COUNTER.retransmitted]
  if (repeats >= MANY_REPEATS && repeats >= MANY_SHARE * counters[COUNTER.blocks]) return true
  return counters[COUNTER.stalls] > 0 || outcome?.lastAck === 'missing'
}

/** Undefined for a transfer without packets. `words` is its trace; `time` the present, in milliseconds since the epoch, `now` in the endpoint's time. */
export function evidenceOf(
  kind: EventKind,
  transfer: Transfer,
  words: Uint32Array,
  time: number,
  now: number,
): Evidence | undefined {
  if (words.length === 0) return undefined
  const { id, peer, request, direction, agreed, sizeBytes, machine, outcome } = transfer
  const counters = machine?.counters ?? NO_COUNTERS
  const fault = outcome?.error?.fault
  return {
    isClear: (fault === 'local' || fault === 'content') && counters[COUNTER.stalls] === 0,
    trace: Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString('base64'),
    traced: {
      id,
      startMs: time - (now - transfer.requestedAt),
      client: { address: peer.address, port: peer.port },
      server: { address: peer.local, port: REQUEST_PORT },
      direction,
      filename: request.filename,
      mode: request.mode,
      options: request.options,
      agreed:
        agreed === undefined
          ? undefined
          : {
              blksize: agreed.blksize,
              windowsize: agreed.windowsize,
              timeoutMs: agreed.timeoutNegotiated ? agreed.timeoutMs : undefined,
              rollover: agreed.rollover,
              oack: agreed.oack,
            },
      sizeBytes,
      end: endOf(kind, transfer),
      counted: {
        blocks: counters[COUNTER.blocks],
        bytes: counters[COUNTER.bytes],
        datagrams: counters[COUNTER.datagrams],
        acks: counters[COUNTER.acks],
      },
    },
  }
}

function endOf(kind: EventKind, { outcome }: Transfer): TracedEnd {
  if (kind === 'completed') return { type: outcome?.lastAck === 'missing' ? 'last-ack-missing' : 'complete' }
  const error = outcome?.error
  if (error?.code === 'ERR_TFTP_PEER_ERROR') return { type: 'refused', wireCode: error.wireCode ?? 0, message: '' }
  return { type: error?.code === 'ERR_TFTP_UNREACHABLE' ? 'gone' : 'silent' }
}
