/** How a client of a group fails, in words for a person. */
import { ForesendError } from '../../error.ts'
import { WIRE_ERROR } from '../../packet/index.ts'

/** `label` is escaped already. It led, was asked several times, and acknowledged nothing new for `silentMs`. */
export function silentLeader(label: string, silentMs: number): ForesendError {
  const seconds = Math.round(silentMs / 1000)
  const message = `${label}: the client acknowledged nothing new for ${seconds} s when its turn came to ask for blocks, so what it has is unconfirmed; verify it, or let it ask again`
  return new ForesendError('ERR_TFTP_TIMEOUT', message, { fault: 'network' })
}

/** It acknowledged everything up to block `seq`, and `unsent` never left since it joined. */
export function neverOffered(label: string, seq: number, unsent: number): ForesendError {
  const message = `${label}: the client says that it has everything up to block ${seq}, and block ${unsent} was not sent since it joined; do not use what it has, let it ask again`
  return new ForesendError('ERR_TFTP_PROTOCOL', message, { fault: 'peer', wireCode: WIRE_ERROR.illegal })
}

/** A client of ours that no block of its group reaches. */
export function noGroupBlock(label: string, group: string, waitedMs: number): ForesendError {
  const seconds = Math.round(waitedMs / 1000)
  const message = `${label}: the server agreed, and no block came to ${group} for ${seconds} s; the network may not carry multicast: fetch it without`
  return new ForesendError('ERR_TFTP_TIMEOUT', message, { fault: 'network' })
}
