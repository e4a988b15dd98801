/**
 * Rule A5: until the peer has proved that it holds the address it asked from, little leaves. A forged request must not make
 * us a reflector, and a slow device must not be flooded.
 */

/** DATA 1 or ACK 0 to near devices: a quarter, a half, then each second; five repeats. */
const NEAR_WAITS_MS = [250, 500, 1000, 1000, 1000]
/** An OACK waits for a second: atftp gives up when it sees a second one after its ACK 0, and a busy server reads that late. */
const OACK_WAITS_MS = [1000, 1000, 1000, 1000, 1000]
/** To far peers: three repeats, a second or more apart. */
const FAR_WAITS_MS = [1000, 1000, 1000]
/** To far peers a repeat waits this long at least, whatever a strict policy says. */
const FAR_LEAST_MS = 1000
/** After the last repeat the sender waits at least this long for an ACK: the client's own timer may still bring it back. */
const LAST_LINGER_MS = 8000
const LAST_LINGER_TIMEOUTS = 4
/** The least time of a client's own timer: what it repeats this long after a packet of ours may not be an answer to it (rules A5, A6, A12). */
export const CLIENT_TIMER_MS = 800
/** The same of a client with a window: it may be `foresend get`, whose timer is 250 ms, and a wrong round trip spaces all its windows. */
const WINDOWED_TIMER_MS = 100
/** iPXE's first timer is a quarter of a second, and a tick of 55 ms more on a PC: its ACK 0 repeats about then. */
const IPXE_TIMER_MS = [225, 310] as const

/**
 * Whether an ACK 0 that took `rttMs` may be a repeat by the client's own timer, which is no round trip (rule A6). Of a client that may count repeats a
 * shorter one is believed, because DATA 1 would come twice where it was true.
 */
export function mayBeTimer(rttMs: number, hasWindow: boolean, mayCountRepeats: boolean): boolean {
  if (hasWindow) return rttMs >= WINDOWED_TIMER_MS
  const isIpxe = !mayCountRepeats && rttMs >= IPXE_TIMER_MS[0] && rttMs <= IPXE_TIMER_MS[1]
  return isIpxe || rttMs >= CLIENT_TIMER_MS
}

/** The waits before each repeat of our first packet, in milliseconds; no more repeats follow. */
export function firstContactWaitsMs(packet: 'oack' | 'data', near: boolean): readonly number[] {
  if (!near) return FAR_WAITS_MS
  return packet === 'oack' ? OACK_WAITS_MS : NEAR_WAITS_MS
}

/** Of the sender: whom it sends to, and how often the first packet left again. */
export interface FirstContact {
  readonly near: boolean
  readonly clientTimeoutMs: number
  /** A strict policy waits exactly this long each time; undefined takes the timetable of the rule. */
  readonly strictMs: number | undefined
}

/** The repeats that the first packet may have. */
export function mostRepeats(packet: 'oack' | 'data', { near }: FirstContact): number {
  return firstContactWaitsMs(packet, near).length
}

/** How long to wait for an answer after `repeats` repeats, in milliseconds; behind the last one, until the transfer is given up. */
export function contactWaitMs(packet: 'oack' | 'data', contact: FirstContact, repeats: number): number {
  const { near, clientTimeoutMs, strictMs } = contact
  const waits = firstContactWaitsMs(packet, near)
  if (repeats >= waits.length) return Math.max(LAST_LINGER_MS, LAST_LINGER_TIMEOUTS * clientTimeoutMs)
  return strictMs === undefined ? waits[repeats] : Math.max(strictMs, near ? 0 : FAR_LEAST_MS)
}
