/** How a receiver fails, in words for a person: what happened, to which transfer, what to do. */
import { ForesendError } from '../error.ts'
import { escapeText, parseError, WIRE_ERROR } from '../packet/index.ts'
import type { PeerRole } from './contract.ts'

/** Whose transfer fails, and how far it is. */
export interface Failing {
  /** "file from 10.0.0.1:2070", escaped already. */
  readonly label: string
  readonly peer: PeerRole
  /** Blocks that are stored. */
  readonly stored: number
}

/** The peer sent an ERROR; its text is escaped. */
export function peerError(failing: Failing, buffer: Uint8Array, offset: number, length: number): ForesendError {
  const { label, peer } = failing
  const parsed = parseError(buffer, offset, length)
  const wireCode = parsed.ok ? parsed.value.wireCode : WIRE_ERROR.undefined
  const text = parsed.ok ? escapeText(parsed.value.message) : ''
  const message = `${label}: the ${peer} ended it with ERROR ${wireCode} "${text}" after ${blocks(failing)}`
  return new ForesendError('ERR_TFTP_PEER_ERROR', message, { fault: 'peer', wireCode })
}

/** ICMP: the peer's port is closed. */
export function peerGone(failing: Failing): ForesendError {
  const { label, peer } = failing
  const message = `${label}: the ${peer} closed its port after ${blocks(failing)}; start the transfer again`
  return new ForesendError('ERR_TFTP_UNREACHABLE', message, { fault: 'peer' })
}

/** Nothing in order arrived for `waitedMs`. `meanwhile`: what came instead (`outOfPlace`), '' for nothing. */
export function gaveUp(failing: Failing, waitedMs: number, meanwhile: string): ForesendError {
  const { label, peer, stored } = failing
  const hint =
    stored === 65535 ? `; the ${peer} may count its blocks in another way after 65535: use larger blocks` : ''
  const seconds = Math.round(waitedMs / 1000)
  const message = `${label}: no new block for ${seconds} s after ${blocks(failing)}${meanwhile}; check the cable and the ${peer}${hint}`
  return new ForesendError('ERR_TFTP_TIMEOUT', message, { fault: 'network' })
}

/** A block larger than agreed. */
export function oversizeBlock({ label, peer }: Failing, payloadBytes: number, blksize: number): ForesendError {
  const message = `${label}: the ${peer} sent a block of ${payloadBytes} bytes where at most ${blksize} were agreed; try again without options`
  return new ForesendError('ERR_TFTP_PROTOCOL', message, { fault: 'peer', wireCode: WIRE_ERROR.illegal })
}

/** The file ended at another size than the peer announced. */
export function wrongSize({ label, peer }: Failing, bytes: number, announcedBytes: number): ForesendError {
  const message = `${label}: ${bytes} bytes arrived where the ${peer} announced ${announcedBytes}; nothing is kept, transfer it again`
  return new ForesendError('ERR_TFTP_CONTENT', message, {
    fault: 'content',
    peerText: 'Size differs from the tsize that was announced',
  })
}

function blocks({ stored }: Failing): string {
  return stored === 1 ? '1 block' : `${stored} blocks`
}
