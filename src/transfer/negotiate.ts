/**
 * Option negotiation (RFC 2347): which options of a request enter the OACK, and what a client makes of one. What each option
 * is stands in options.ts. The rule is N2: clamp what is asked, never refuse for being too large, never answer with what was
 * not asked. A value that makes no sense makes its option ignored, as if it had not been sent.
 */
import type { Option, Parsed, Request } from '../packet/index.ts'
import { encodeOack, escapeText, NO_OPTIONS, numberIn, WIRE_ERROR } from '../packet/index.ts'
import { type Agreed, type Draft, type Limits, OPTIONS, type Rollover } from './options.ts'

export { type Agreed, type Limits, MAX_BLKSIZE, MAX_WINDOWSIZE, MIN_BLKSIZE, type Rollover } from './options.ts'

/** Most clients wait this long when they do not say. */
export const DEFAULT_CLIENT_TIMEOUT_MS = 5000
/** RFC 1350: the size of a block when nothing else was agreed. */
export const DEFAULT_BLKSIZE = 512

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
  const draft = defaults('any')
  for (const option of answered) {
    const offer = offered.find((o) => o.name === option.name)
    if (offer === undefined) return fault(`option ${escapeText(option.name)} in the OACK was never asked for`)
    const row = OPTIONS.get(option.name)
    if (row === undefined) continue
    const value = row.accept(option, numberIn(offer.value, 0, Number.MAX_SAFE_INTEGER) ?? 0)
    if (value === undefined) {
      return fault(`option ${option.name} in the OACK has a value that cannot follow from ${offer.value}`)
    }
    row.agree(draft, value)
  }
  draft.oack = [...answered]
  return { ok: true, value: draft }
}

/** What an agreement means for a sender, as members of its configuration. */
export function agreedForSender({ blksize, rollover, timeoutMs }: Agreed) {
  return { blksize, rollover, clientTimeoutMs: timeoutMs }
}

/** What an agreement means for a receiver, as members of its configuration. */
export function agreedForReceiver(agreed: Agreed) {
  const { blksize, windowsize, rollover, rolloverNegotiated, rolloverPolicy, timeoutMs } = agreed
  const isKnown = rolloverNegotiated || typeof rolloverPolicy === 'number'
  return { blksize, windowsize, rollover: isKnown ? rollover : ('any' as const), peerTimeoutMs: timeoutMs }
}

/** The last block that this agreement can number; Infinity where numbers begin again behind 65535. */
export function lastNumberedSeq({ rolloverNegotiated, rolloverPolicy }: Agreed): number {
  return rolloverPolicy === 'none' && !rolloverNegotiated ? 0xffff : Infinity
}

/** Server: the packet that states the agreement; undefined when no option was granted (RFC 2347). */
export function oackOf({ oack }: Agreed): Uint8Array | undefined {
  return oack.length === 0 ? undefined : encodeOack(oack)
}

function defaults(rollover: Rollover): Draft {
  return {
    blksize: DEFAULT_BLKSIZE,
    windowsize: 1,
    windowNegotiated: false,
    timeoutMs: DEFAULT_CLIENT_TIMEOUT_MS,
    timeoutNegotiated: false,
    rollover: rollover === 1 ? 1 : 0,
    rolloverNegotiated: false,
    rolloverPolicy: rollover,
    oack: NO_OPTIONS,
    tsizeBytes: undefined,
  }
}

/** Without options all transfers share one agreement, which is frozen. */
const PLAIN: Readonly<Record<Rollover, Agreed>> = {
  0: Object.freeze(defaults(0)),
  1: Object.freeze(defaults(1)),
  any: Object.freeze(defaults('any')),
  none: Object.freeze(defaults('none')),
}

/** `sizeBytes` undefined means WRQ. Done for each request, so it makes no more than it returns. */
function negotiate(options: readonly Option[], limits: Limits, sizeBytes: number | undefined): Agreed {
  const rollover = limits.rollover ?? 'any'
  if (options.length === 0) return PLAIN[rollover]
  const draft = defaults(rollover)
  /** What is granted, by the place of its option; undefined for what is not. */
  const granted: (number | undefined)[] = []
  // The window is capped in bytes, so the block size must be known first, wherever it stands in the request.
  for (const isBlksize of [true, false]) {
    for (let i = 0; i < options.length; i++) {
      const row = OPTIONS.get(options[i].name)
      if (row === undefined || (row.group === 'blksize') !== isBlksize || limits.refuse.has(row.name)) continue
      if (row.group !== undefined && isGroupGranted(options, granted, row.group)) continue
      granted[i] = row.grant(options[i], { limits, sizeBytes, blksize: draft.blksize })
      if (granted[i] !== undefined) row.agree(draft, granted[i] as number)
    }
  }
  let oack: Option[] | undefined
  for (let i = 0; i < options.length; i++) {
    const value = granted[i]
    if (value !== undefined) (oack ??= []).push({ name: options[i].name, value: textOf(options[i], value) })
  }
  if (oack !== undefined) draft.oack = oack
  return draft
}

function isGroupGranted(options: readonly Option[], granted: readonly (number | undefined)[], group: string): boolean {
  for (let i = 0; i < granted.length; i++) {
    if (granted[i] !== undefined && OPTIONS.get(options[i].name)?.group === group) return true
  }
  return false
}

/** A value that was accepted as asked goes back in the client's own spelling: some compare text. */
function textOf(option: Option, value: number): string {
  return numberIn(option.value, 0, Number.MAX_SAFE_INTEGER) === value ? option.value : String(value)
}

function fault(reason: string): { ok: false; wireCode: number; reason: string } {
  return { ok: false, wireCode: WIRE_ERROR.option, reason }
}
