/**
 * Option negotiation (RFC 2347, 2348, 2349, 7440 and the options of tftp-hpa). The rule is N2: clamp what is asked, never
 * refuse for being too large, never answer with what was not asked. A value that makes no sense makes its option
 * ignored, as if it had not been sent.
 */
import type { Option, Parsed, Request } from '../packet/index.ts'
import { escapeText, optionNumber, WIRE_ERROR } from '../packet/index.ts'

/** What this side allows. Sizes in bytes; names in `refuse` are lower case. */
export interface Limits {
  readonly maxBlksize: number
  readonly maxWindowsize: number
  /** Bytes of payload that one window may hold, so that large blocks get fewer of them. */
  readonly maxWindowBytes: number
  /** Options that are left unanswered, by name. */
  readonly refuse: ReadonlySet<string>
}

/** What both sides work with after the negotiation. */
export interface Agreed {
  readonly blksize: number
  /** 1 when not negotiated. */
  readonly windowsize: number
  readonly windowNegotiated: boolean
  /** The client's own timer: from timeout, utimeout or timeoutms, else DEFAULT_CLIENT_TIMEOUT_MS. */
  readonly timeoutMs: number
  readonly timeoutNegotiated: boolean
  /** The wire block that follows 65535. */
  readonly rollover: 0 | 1
  readonly rolloverNegotiated: boolean
  /** The OACK's options in the order asked; empty means that there is no OACK. */
  readonly oack: readonly Option[]
  /** WRQ: what the client announced. In `acceptOack`: what the server announced. */
  readonly tsizeBytes: number | undefined
}

/** Most clients wait this long when they do not say. */
export const DEFAULT_CLIENT_TIMEOUT_MS = 5000
/** RFC 1350: the size of a block when nothing else was agreed. */
export const DEFAULT_BLKSIZE = 512
/** RFC 2348 §2. */
export const MIN_BLKSIZE = 8
export const MAX_BLKSIZE = 65464
/** RFC 7440 §3. */
export const MAX_WINDOWSIZE = 65535

/**
 * Server, RRQ: `sizeBytes` is the size as it will be sent. An empty file gets no `tsize` in the OACK: curl gives up on
 * `tsize=0`.
 */
export function negotiateRead(request: Request, sizeBytes: number, limits: Limits): Agreed {
  return negotiate(request.options, limits, sizeBytes)
}

/** Server, WRQ: `tsize` is echoed (RFC 2349), `tsizeBytes` has it. */
export function negotiateWrite(request: Request, limits: Limits): Agreed {
  return negotiate(request.options, limits, undefined)
}

/**
 * Client: what the server's OACK makes of our offer. An option that was not offered, or a value beyond what was offered,
 * is a fault with wire code 8 (RFC 2347).
 */
export function acceptOack(offered: readonly Option[], answered: readonly Option[]): Parsed<Agreed> {
  const draft = defaults()
  for (const option of answered) {
    const offer = offered.find((o) => o.name === option.name)
    if (offer === undefined) return fault(`option ${escapeText(option.name)} in the OACK was never asked for`)
    const reason = accept(draft, option, offer, answered)
    if (reason !== undefined) return fault(reason)
  }
  draft.oack = [...answered]
  return { ok: true, value: draft }
}

type Draft = { -readonly [K in keyof Agreed]: Agreed[K] }

function defaults(): Draft {
  return {
    blksize: DEFAULT_BLKSIZE,
    windowsize: 1,
    windowNegotiated: false,
    timeoutMs: DEFAULT_CLIENT_TIMEOUT_MS,
    timeoutNegotiated: false,
    rollover: 0,
    rolloverNegotiated: false,
    oack: [],
    tsizeBytes: undefined,
  }
}

/** `sizeBytes` undefined means WRQ. Of options that say the same thing (blksize, blksize2) the first asked counts. */
function negotiate(options: readonly Option[], limits: Limits, sizeBytes: number | undefined): Agreed {
  const draft = defaults()
  // The window is capped in bytes, so the block size must be known first, wherever it stands in the request.
  const sizing = options.find(
    (o) => isBlksize(o.name) && !limits.refuse.has(o.name) && serveBlksize(options, o.name, limits) !== undefined,
  )
  if (sizing !== undefined) draft.blksize = serveBlksize(options, sizing.name, limits) ?? DEFAULT_BLKSIZE
  const oack: Option[] = []
  for (const option of options) {
    if (limits.refuse.has(option.name)) continue
    let value: number | undefined
    if (option === sizing) value = draft.blksize
    else if (!isBlksize(option.name)) value = serve(draft, option.name, options, limits, sizeBytes)
    if (value !== undefined) oack.push({ name: option.name, value: textOf(options, option, value) })
  }
  draft.oack = oack
  return draft
}

/** The number to answer, with `draft` brought up to date; undefined leaves the option out. */
function serve(
  draft: Draft,
  name: string,
  options: readonly Option[],
  limits: Limits,
  sizeBytes: number | undefined,
): number | undefined {
  switch (name) {
    case 'windowsize': {
      const asked = optionNumber(options, name, 1, Number.MAX_SAFE_INTEGER)
      if (asked === undefined) return undefined
      const fits = Math.floor(limits.maxWindowBytes / draft.blksize)
      draft.windowsize = Math.max(1, Math.min(asked, MAX_WINDOWSIZE, limits.maxWindowsize, fits))
      draft.windowNegotiated = true
      return draft.windowsize
    }
    case 'timeout':
    case 'utimeout':
    case 'timeoutms': {
      if (draft.timeoutNegotiated) return undefined
      const asked = timeoutOf(options, name)
      if (asked === undefined) return undefined
      draft.timeoutMs = asked.ms
      draft.timeoutNegotiated = true
      return asked.value
    }
    case 'tsize': {
      const asked = optionNumber(options, name, 0, Number.MAX_SAFE_INTEGER)
      if (asked === undefined) return undefined
      if (sizeBytes !== undefined) return sizeBytes === 0 ? undefined : sizeBytes
      draft.tsizeBytes = asked
      return asked
    }
    case 'rollover': {
      const asked = optionNumber(options, name, 0, 1)
      if (asked === undefined) return undefined
      draft.rollover = asked === 1 ? 1 : 0
      draft.rolloverNegotiated = true
      return draft.rollover
    }
    default:
      return undefined
  }
}

function serveBlksize(options: readonly Option[], name: string, limits: Limits): number | undefined {
  const asked = optionNumber(options, name, MIN_BLKSIZE, Number.MAX_SAFE_INTEGER)
  if (asked === undefined) return undefined
  const blksize = Math.max(MIN_BLKSIZE, Math.min(asked, MAX_BLKSIZE, limits.maxBlksize))
  return name === 'blksize2' ? powerOfTwoBelow(blksize) : blksize
}

/** Takes one option of an OACK into `draft`; returns what is wrong with it, if anything. */
function accept(draft: Draft, option: Option, offer: Option, answered: readonly Option[]): string | undefined {
  const { name } = option
  const offered = optionNumber([offer], name, 0, Number.MAX_SAFE_INTEGER) ?? 0
  const wrong = `option ${name} in the OACK has a value that cannot follow from ${offer.value}`
  switch (name) {
    case 'blksize':
    case 'blksize2': {
      const blksize = optionNumber(answered, name, MIN_BLKSIZE, Math.min(offered, MAX_BLKSIZE))
      if (blksize === undefined || (name === 'blksize2' && powerOfTwoBelow(blksize) !== blksize)) return wrong
      draft.blksize = blksize
      return undefined
    }
    case 'windowsize': {
      const windowsize = optionNumber(answered, name, 1, offered)
      if (windowsize === undefined) return wrong
      draft.windowsize = windowsize
      draft.windowNegotiated = true
      return undefined
    }
    case 'timeout':
    case 'utimeout':
    case 'timeoutms': {
      const answer = timeoutOf(answered, name)
      if (answer === undefined || answer.value > offered) return wrong
      draft.timeoutMs = answer.ms
      draft.timeoutNegotiated = true
      return undefined
    }
    case 'tsize':
      draft.tsizeBytes = optionNumber(answered, name, 0, Number.MAX_SAFE_INTEGER)
      return draft.tsizeBytes === undefined ? wrong : undefined
    case 'rollover': {
      const rollover = optionNumber(answered, name, 0, 1)
      if (rollover === undefined) return wrong
      draft.rollover = rollover === 1 ? 1 : 0
      draft.rolloverNegotiated = true
      return undefined
    }
    default:
      return undefined
  }
}

/** Ranges: RFC 2349 for seconds; tftp-hpa's 10 ms to 255 s for the finer ones. */
function timeoutOf(options: readonly Option[], name: string): { value: number; ms: number } | undefined {
  const [min, max] = name === 'timeout' ? [1, 255] : name === 'utimeout' ? [10_000, 255_000_000] : [10, 255_000]
  const value = optionNumber(options, name, min, max)
  if (value === undefined) return undefined
  return { value, ms: name === 'timeout' ? value * 1000 : name === 'utimeout' ? value / 1000 : value }
}

function isBlksize(name: string): boolean {
  return name === 'blksize' || name === 'blksize2'
}

function powerOfTwoBelow(n: number): number {
  return 2 ** Math.floor(Math.log2(n))
}

/** A value that was accepted as asked goes back in the client's own spelling: some compare text. */
function textOf(options: readonly Option[], option: Option, value: number): string {
  return optionNumber(options, option.name, 0, Number.MAX_SAFE_INTEGER) === value ? option.value : String(value)
}

function fault(reason: string): { ok: false; wireCode: number; reason: string } {
  return { ok: false, wireCode: WIRE_ERROR.option, reason }
}
