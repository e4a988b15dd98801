/**
 * What a request means for a transfer that its sender already has: the same request said again, a device that was
 * restarted, or a second device behind the same address.
 */
import type { Request } from '../packet/index.ts'
import { COUNTER } from '../transfer/contract.ts'
import type { Transfer } from './transfer.ts'

/** A running transfer whose peer was silent for this long may be replaced by a request from the same port. */
export const RESTART_SILENCE_MS = 500
/** Our timer went off this often since the last packet of the peer: it was asked, and the answer had time to be read. */
const RESTART_TIMEOUTS = 2
/**
 * The least silence after which a request from another port of the same address ends the older transfer. A client that
 * lives speaks within its own timeout, so two of those tell; short timeouts get 3 s, because devices pause that long to
 * erase their flash, and the older transfer may belong to another client behind the same address.
 */
export const ABANDONED_MS = 3000

/** `ignore`: the running transfer answers it. `replace`: the running transfer is over, the request starts anew. */
export type Verdict = 'ignore' | 'replace'

/** `request` came from the very address and port of `existing`. */
export function judgeRepeat<Io, Content>(existing: Transfer<Io, Content>, request: Request, now: number): Verdict {
  const same = sameRequest(existing.request, request)
  const silent = now - existing.heardAt >= RESTART_SILENCE_MS
  if (existing.outcome !== undefined) {
    // Over, and only staying to answer repeats. A late copy of a WRQ must not start a second upload; an RRQ may.
    return existing.direction === 'write' && same && !silent ? 'ignore' : 'replace'
  }
  // The client learns of its stored file in a moment, and a second upload would race with the renaming of the first.
  if (existing.flushing) return 'ignore'
  // iPXE repeats its request before it can take an answer. One that asks for something else has given up the first:
  // clients without RFC 2347 ask again without options.
  if (!existing.answered) return same ? 'ignore' : 'replace'
  // It has everything: a request now wants something new. What would contradict it may be unread: nothing is claimed.
  if (existing.machine?.confirmed === true) return 'replace'
  return silent && (!same || isRestart(existing, now)) ? 'replace' : 'ignore'
}

/**
 * The request that began the transfer came again after a silence. A busy server reads late: then it is an old copy, and the packets of
 * a client that is well wait in another socket. A device that was restarted leaves traces that an old copy does not: our
 * timer went off and brought no answer, the silence is a long one, or the device asks once more after that.
 */
function isRestart<Io, Content>(existing: Transfer<Io, Content>, now: number): boolean {
  const { heardAt, askedAgainAt, timeoutsAtHeard, machine } = existing
  if (machine !== undefined && machine.counters[COUNTER.timeouts] - timeoutsAtHeard >= RESTART_TIMEOUTS) return true
  if (now - heardAt >= ABANDONED_MS) return true
  return askedAgainAt > heardAt && now - askedAgainAt >= RESTART_SILENCE_MS
}

/** The peer of `transfer` has been silent for so long that a client at another port is probably the same device. */
export function isAbandoned<Io, Content>(transfer: Transfer<Io, Content>, now: number): boolean {
  const { agreed } = transfer
  if (agreed === undefined || transfer.outcome !== undefined || transfer.flushing) return false
  if (transfer.machine?.silent === true) return false
  const patienceMs = transfer.answered ? Math.max(ABANDONED_MS, 2 * agreed.timeoutMs) : ABANDONED_MS
  return now - transfer.heardAt >= patienceMs
}

/**
 * Rule R1: an upload that nothing has come for yet. A request for the same file from another port of the same address is most likely
 * its own client, which waits for an answer that was lost or is on its way, and asks in another form meanwhile. Two that write one
 * file cannot be let in, and an ERROR would end the client that is well.
 */
export function isHalfOpenUpload<Io, Content>(transfer: Transfer<Io, Content>): boolean {
  return transfer.direction === 'write' && !transfer.answered && transfer.outcome === undefined
}

/** The same bytes said again, as far as they mean anything. */
export function sameRequest(a: Request, b: Request): boolean {
  return (
    a.opcode === b.opcode &&
    a.filename === b.filename &&
    a.mode === b.mode &&
    a.options.length === b.options.length &&
    a.options.every((option, i) => option.name === b.options[i].name && option.value === b.options[i].value)
  )
}
