/**
 * The options of a request, one row each: how a server grants it, how a client accepts the answer, and what the agreed value
 * means for a transfer. negotiate.ts works through the rows. An option without a row is ignored, as if it had not been sent.
 */
import { numberIn, type Option } from '../packet/index.ts'
import type { GroupAddress } from './multicast/group-option.ts'

/** RFC 2348 §2. */
export const MIN_BLKSIZE = 8
/** RFC 2348 §2. */
export const MAX_BLKSIZE = 65464
/** RFC 7440 §3. */
export const MAX_WINDOWSIZE = 65535

/** What this side allows. Sizes in bytes; names in `refuse` are lower case. */
export interface Limits {
  readonly maxBlksize: number
  readonly maxWindowsize: number
  /** Bytes of payload that one window may hold, so that large blocks get fewer of them. */
  readonly maxWindowBytes: number
  /** Options that are left unanswered, by name. */
  readonly refuse: ReadonlySet<string>
  /** See `Rollover`; `any` by default. */
  readonly rollover?: Rollover | undefined
}

/**
 * The wire block that follows 65535, where the client does not ask for one: `any` sends 0 and takes either, `none` transfers no file of
 * more blocks than that.
 */
export type Rollover = 'any' | 'none' | 0 | 1

/** What both sides work with after the negotiation. */
export interface Agreed {
  readonly blksize: number
  /** 1 when not negotiated. */
  readonly windowsize: number
  readonly windowNegotiated: boolean
  /** The client's own timer: from timeout, utimeout or timeoutms, else what most clients wait. */
  readonly timeoutMs: number
  readonly timeoutNegotiated: boolean
  /** The wire block that follows 65535. */
  readonly rollover: 0 | 1
  readonly rolloverNegotiated: boolean
  /** What holds where it was not negotiated. */
  readonly rolloverPolicy: Rollover
  /** The OACK's options in the order asked; empty means that there is no OACK. */
  readonly oack: readonly Option[]
  /** The size that the sending side announced; undefined when it did not. */
  readonly tsizeBytes: number | undefined
  /** Where blocks go, where they go to a group of clients (RFC 2090). */
  readonly group?: GroupAddress
}

/** An agreement that is being made. */
export type Draft = { -readonly [K in keyof Agreed]: Agreed[K] }

/** What a server knows when it grants an option. */
export interface Ask {
  readonly limits: Limits
  /** The size of the file that a client reads; undefined for a write. */
  readonly sizeBytes: number | undefined
  /** The block size agreed so far: `blksize` options are granted before all others. */
  readonly blksize: number
}

export interface OptionRow {
  /** In lower case, as on the wire. */
  readonly name: string
  /** Options of one group say the same thing: of those that a client asks for, the first that makes sense counts. */
  readonly group: 'blksize' | 'timeout' | undefined
  /** Server: the number to answer, from the client's own; undefined leaves the option out of the OACK. */
  grant(asked: Option, ask: Ask): number | undefined
  /** Client: the number that the server answered; undefined when it cannot follow from `offered`. */
  accept(answered: Option, offered: number): number | undefined
  /** Both: what the number means for the transfer. */
  agree(draft: Draft, value: number): void
}

export const OPTIONS: ReadonlyMap<string, OptionRow> = new Map(
  [
    blksize('blksize', (bytes) => bytes),
    blksize('blksize2', powerOfTwoBelow),
    windowsize(),
    // RFC 2349 for seconds; tftp-hpa's 10 ms to 255 s for the finer ones.
    timer('timeout', 1, 255, (value) => value * 1000),
    timer('utimeout', 10_000, 255_000_000, (value) => value / 1000),
    timer('timeoutms', 10, 255_000, (value) => value),
    tsize(),
    rollover(),
    multicast(),
  ].map((row) => [row.name, row]),
)

/** RFC 2348; `blksize2` is a power of two. */
function blksize(name: string, round: (bytes: number) => number): OptionRow {
  return {
    name,
    group: 'blksize',
    grant(asked, { limits }) {
      const bytes = numberOf(asked, MIN_BLKSIZE)
      return bytes === undefined
        ? undefined
        : round(clamp(bytes, MIN_BLKSIZE, Math.min(MAX_BLKSIZE, limits.maxBlksize)))
    },
    accept(answered, offered) {
      const bytes = numberOf(answered, MIN_BLKSIZE, Math.min(offered, MAX_BLKSIZE))
      return bytes !== undefined && round(bytes) === bytes ? bytes : undefined
    },
    agree(draft, value) {
      draft.blksize = value
    },
  }
}

/** RFC 7440: blocks for each ACK, at most as many as `maxWindowBytes` holds. */
function windowsize(): OptionRow {
  return {
    name: 'windowsize',
    group: undefined,
    grant(asked, ask) {
      const blocks = numberOf(asked, 1)
      const fit = Math.floor(ask.limits.maxWindowBytes / ask.blksize)
      return blocks === undefined
        ? undefined
        : clamp(blocks, 1, Math.min(MAX_WINDOWSIZE, ask.limits.maxWindowsize, fit))
    },
    accept: (answered, offered) => numberOf(answered, 1, offered),
    agree(draft, value) {
      draft.windowsize = value
      draft.windowNegotiated = true
    },
  }
}

/** The client's own retransmission timer, in one of three units. */
function timer(name: string, min: number, max: number, toMs: (value: number) => number): OptionRow {
  return {
    name,
    group: 'timeout',
    grant: (asked) => numberOf(asked, min, max),
    accept: (answered, offered) => numberOf(answered, min, Math.min(max, offered)),
    agree(draft, value) {
      draft.timeoutMs = toMs(value)
      draft.timeoutNegotiated = true
    },
  }
}

/** RFC 2349. A client that reads asks with 0 and gets the size; one that writes announces it. */
function tsize(): OptionRow {
  return {
    name: 'tsize',
    group: undefined,
    grant(asked, { sizeBytes }) {
      const bytes = numberOf(asked, 0)
      if (bytes === undefined || sizeBytes === undefined) return bytes
      // curl gives up on `tsize=0`.
      return sizeBytes === 0 ? undefined : sizeBytes
    },
    accept: (answered) => numberOf(answered, 0),
    agree(draft, value) {
      draft.tsizeBytes = value
    },
  }
}

/** The wire block that follows 65535. No RFC has it. */
function rollover(): OptionRow {
  return {
    name: 'rollover',
    group: undefined,
    grant: (asked) => numberOf(asked, 0, 1),
    accept: (answered) => numberOf(answered, 0, 1),
    agree(draft, value) {
      draft.rollover = value === 1 ? 1 : 0
      draft.rolloverNegotiated = true
    },
  }
}

/**
 * RFC 2090: DATA to a group of clients. A transfer to one client does not grant it and goes on without; an answer with it is an error,
 * because such a server sends its DATA where this client does not listen. Groups negotiate in multicast/group-agreement.ts.
 */
function multicast(): OptionRow {
  return {
    name: 'multicast',
    group: undefined,
    grant: () => undefined,
    accept: () => undefined,
    agree: () => undefined,
  }
}

function numberOf(option: Option, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
  return numberIn(option.value, min, max)
}

/** `min` wins where the two bounds cross. */
function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(value, max))
}

function powerOfTwoBelow(n: number): number {
  return 2 ** Math.floor(Math.log2(n))
}
