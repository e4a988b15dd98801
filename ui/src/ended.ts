/** A transfer that is over, in one shape, whether an event of the stream or a row of the history told it. */
import type { TransferId } from './route.ts'
import { type HistoryRow, msOf, type TransferEvent } from './wire.ts'

export interface Ended {
  /** Of the history; undefined when only the stream told it. */
  readonly historyId?: number | undefined
  /** Of this run of the server. */
  readonly runId?: number | undefined
  readonly startedMs: number
  readonly ms: number
  readonly client: string
  readonly file: string
  readonly served?: string | undefined
  readonly direction: 'read' | 'write'
  readonly outcome: string
  readonly lastAck?: string | undefined
  readonly code?: string | undefined
  readonly reason?: string | undefined
  readonly cause?: string | undefined
  readonly confidence?: number | undefined
  readonly explanation?: string | undefined
  readonly advice?: string | undefined
  readonly bytes: number
  readonly sizeBytes?: number | undefined
  readonly blocks: number
  readonly datagrams: number
  readonly retransmitted: number
  readonly window: number
  readonly blksize?: number | undefined
  readonly stalls?: number | undefined
  readonly crc32?: string | undefined
  /** What its device is known by: its MAC address, else its network address. */
  readonly device?: string | undefined
  readonly optionsAsked?: string | undefined
  readonly optionsAgreed?: string | undefined
}

export function endedByEvent(event: TransferEvent): Ended {
  const { id, time, event: outcome, ...rest } = event
  return { ...rest, runId: id, startedMs: time - event.ms, outcome }
}

export function endedByRow(row: HistoryRow): Ended {
  const { id, started, address, port, asked, repeats, mac, ...rest } = row
  return {
    ...rest,
    device: mac ?? address,
    historyId: id,
    startedMs: msOf(started) ?? 0,
    client: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    file: asked,
    retransmitted: repeats,
  }
}

/** What the server and the page call it; undefined when neither knows it any more. */
export function idOf({ runId, historyId }: Ended): TransferId | undefined {
  if (historyId !== undefined) return `h${historyId}`
  return runId === undefined ? undefined : String(runId)
}

/** Clocks of the event and of the row differ by rounding. */
const SAME_START_MS = 2000

/** `ended` and `more` together, the newest first; a transfer that both tell stays once, with what either knows. */
export function joined(ended: readonly Ended[], more: readonly Ended[], most: number): Ended[] {
  const all = [...ended]
  for (const one of more) {
    const at = all.findIndex(
      (other) =>
        other.client === one.client &&
        other.file === one.file &&
        other.outcome === one.outcome &&
        Math.abs(other.startedMs - one.startedMs) < SAME_START_MS,
    )
    if (at < 0) all.push(one)
    else all[at] = { ...withoutUndefined(one), ...withoutUndefined(all[at]) }
  }
  return all.toSorted((a, b) => endMs(b) - endMs(a)).slice(0, most)
}

function endMs({ startedMs, ms }: Ended): number {
  return startedMs + ms
}

function withoutUndefined(ended: Ended): Ended {
  return Object.fromEntries(Object.entries(ended).filter(([, value]) => value !== undefined)) as unknown as Ended
}
