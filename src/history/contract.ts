/** What a history and its owner, a server, owe each other. Everything here is plain data or a call that neither waits nor throws. */
import type { TransferEvent } from '../endpoint/contract.ts'
import type { DeviceUpdate } from '../profile/memory.ts'

/** What outlasts a server: it brings what was learnt of devices, and keeps what happens. */
export interface History {
  /** What was learnt of devices before; a server begins with it. */
  readonly devices: readonly DeviceUpdate[]
  /** A transfer is over. */
  ended(transfer: EndedTransfer): void
  /** `count` transfers are over, each a row as `rowOf` (batch.ts) makes it, in JSON with commas between. */
  kept(rows: string, count: number): void
  /** A transfer taught something about its device. */
  learnt(update: DeviceUpdate): void
  /**
   * Forgets what was learnt of the devices that `name` names; resolves with what they are known by. Rejects with ERR_TFTP_ACCESS when that cannot be
   * written now.
   */
  forget(name: string): Promise<string[]>
}

/** A transfer that is over. */
export interface EndedTransfer {
  /** Its last event, one of FINAL_EVENTS. */
  readonly event: TransferEvent
  readonly details: EndedDetails
  /** Its last packets, as `Traces.copy` returns them, little-endian in base64. Only of a transfer that stalled or did not complete. */
  readonly trace?: string
}

/** What is kept of a transfer beside its last event. */
export interface EndedDetails {
  /** What its device is known by (profile/device-id.ts); '' when that is unknown. */
  readonly device: string
  /** Options of the request, `name=value` with spaces between. As the peer sent them: not escaped. */
  readonly asked: string
  /** Options of the OACK, in the same form; '' without an OACK. */
  readonly agreed: string
  /** How often it stood still. */
  readonly stalls: number
}

export const NO_DETAILS: EndedDetails = { device: '', asked: '', agreed: '', stalls: 0 }
