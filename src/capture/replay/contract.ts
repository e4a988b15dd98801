/** What Foresend would have done with the client of a capture: a model that is fitted to the capture, run in the lab. */
import type { ClientName } from '../../lab/device/clients.ts'
import type { Device } from '../../lab/device/device.ts'
import type { ServerName } from '../../lab/server/catalogue.ts'

/** A client of the lab that sends such requests, with the faults that the capture shows. */
export interface FittedDevice {
  readonly device: Device
  /** Other models that fit the capture as well. */
  readonly orElse: readonly ClientName[]
  /** The model sends the request of the capture, option by option. */
  readonly isRequestSame: boolean
  /** Of the file; what the capture tells, or SIZE_WHEN_UNKNOWN. */
  readonly sizeBytes: number
  readonly sizeFrom: 'capture' | 'assumed'
  /** The model of the server that was captured; `assumed` where it was not recognised. */
  readonly server: ServerName
  readonly serverFrom: 'recognised' | 'assumed'
  /** What the fit leaves out or had to guess. */
  readonly notes: readonly string[]
}

export const REPLAY_POLICIES = ['strict', 'negotiated', 'fixed-2', 'auto'] as const
export type ReplayPolicy = (typeof REPLAY_POLICIES)[number]

/** Boots of one device against one server. */
export interface ReplayRow {
  readonly runs: number
  /** Boots that ended in an intact image. */
  readonly intact: number
  /** Boots that ended in an image with a hole that the device takes for whole. */
  readonly holed: number
  /** Until the device was done or gave up: the median, the shortest, the longest. */
  readonly ms: Spread
  readonly clientTimeouts: Spread
  /** Blocks that the device had then. */
  readonly blocks: Spread
}

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** `good`: the model repeats what was captured. `fair`: within a factor of three. `poor`: it does not, and the other rows may be as wrong. */
export type Trust = 'good' | 'fair' | 'poor'

/** What the capture shows. */
export interface CapturedFacts {
  readonly isDone: boolean
  readonly ms: number
  readonly clientTimeouts: number
  readonly blocks: number
  /** Blocks that the device may not have. */
  readonly holes: number
}

export interface Replay {
  readonly fitted: FittedDevice
  readonly captured: CapturedFacts
  /** The same server as a model. */
  readonly model: ReplayRow
  readonly trust: Trust
  /** One line: what agrees, or does not. */
  readonly because: string
  /** Undefined where the client cannot have it: a window that it does not negotiate. */
  readonly policies: Readonly<Record<ReplayPolicy, ReplayRow | undefined>>
  /** The window of the row `negotiated`. */
  readonly windowsize: number
}

/** 4 MiB: the usual size of a router's firmware. */
export const SIZE_WHEN_UNKNOWN = 4 * 1024 * 1024
/** Of a longer file its beginning is played: what the model does with a block does not depend on how many follow. */
export const MAX_REPLAY_BLOCKS = 8192
