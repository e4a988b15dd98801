/** What a reader of captures hands on. */

/** One captured frame. The object and its bytes are lent: they are valid during the call only. */
export interface CapturedRecord {
  /** From 1, through all sections of the file, as Wireshark counts. */
  number: number
  /** Since the epoch: whole seconds, and nanoseconds in 0..999,999,999. */
  seconds: number
  nanos: number
  /** False for a frame without a time of its own (pcapng's simple packet): it has the time of the frame before it. */
  timed: boolean
  /** A number of the registry of link types at tcpdump.org. */
  linkType: number
  /** Which interface of its section, from 0. */
  interfaceId: number
  /** The frame's length on the wire; more than `length` when the capture cut it. */
  originalBytes: number
  /** The frame: `length` bytes of `buffer` from `offset`. */
  buffer: Uint8Array
  offset: number
  length: number
  /** What the capturing host says of the frame: 0 nothing, 1 received, 2 sent. */
  direction: number
}

export const DIRECTION = { unknown: 0, received: 1, sent: 2 } as const

export interface RecordSink {
  record(record: CapturedRecord): void
  /** A comment of the packet `number`, or of a section or interface. Not escaped, at most MAX_COMMENT_BYTES of the file. */
  comment(number: number | undefined, text: string): void
}

/** Milliseconds since the epoch: exact to a quarter of a microsecond. */
export function timeMs(record: { readonly seconds: number; readonly nanos: number }): number {
  return record.seconds * 1000 + record.nanos / 1e6
}

/** A new record to be filled. */
export function emptyRecord(): CapturedRecord {
  return {
    number: 0,
    seconds: 0,
    nanos: 0,
    timed: true,
    linkType: 0,
    interfaceId: 0,
    originalBytes: 0,
    buffer: new Uint8Array(0),
    offset: 0,
    length: 0,
    direction: DIRECTION.unknown,
  }
}
