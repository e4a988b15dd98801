/** What stands at the ends of a link, and what a link needs of the world. */
import type { Option } from '../packet/index.ts'
import type { Counters, Outcome } from '../transfer/contract.ts'
import type { ClientResult } from './client/result.ts'
import type { Frame } from './frame.ts'

/** Something that receives datagrams and has one deadline. */
export interface LabNode {
  /** When `handleTimer` wants to be called, in milliseconds; Infinity for never. Read after every input. */
  readonly deadline: number
  /** The bytes are valid during the call only. `from` and `to` are UDP ports. */
  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void
  handleTimer(now: number): void
  /** Gives the node its way out; called once, before anything else. */
  attach(outlet: Outlet): void
}

/** A node that sends its file to each client that asks. */
export interface ServingNode extends LabNode {
  /** How it sees the latest transfer that ended; undefined while none has. */
  readonly outcome: Outcome | undefined
  /** Transfers that were begun. */
  readonly started: number
  /** DATA datagrams sent. */
  readonly dataSent: number
  /** Counters of the latest transfer, by COUNTER. */
  readonly counters: Counters
  /** Of the latest transfer; undefined before one, and of a model, whose rules are not ours. */
  readonly service?: Service | undefined
}

/** How a server serves its device, as far as its packets alone do not show it. */
export interface Service {
  /** The client negotiated a window, so its ACKs are cumulative. */
  readonly windowed: boolean
  /** Nothing is repeated before the device's own timer (rule A13). */
  readonly patient: boolean
}

/** A node that asks for a file. */
export interface ReceivingNode extends LabNode {
  /** What it asks with. */
  readonly options: readonly Option[]
  /** Distinct blocks that it has stored so far. */
  readonly stored: number
  /** Set when it is done. */
  readonly result: ClientResult | undefined
}

/** A node that stores its file on a server. */
export interface UploadingNode extends LabNode {
  /** How it sees the upload; undefined until it has decided. */
  readonly outcome: Outcome | undefined
  /** When it decided, in virtual milliseconds. */
  readonly endedAt: number | undefined
  /** DATA datagrams sent. */
  readonly dataSent: number
  /** Times that its own timer ran out. */
  readonly timeouts: number
  /** Bytes of a block, as agreed. */
  readonly blksize: number
  /** How it ended, in words. */
  readonly says: string
}

/** A node that stores what it is sent. */
export interface StoringNode extends LabNode {
  /** The file, once it takes it for whole. */
  readonly stored: StoredFile | undefined
  /** Requests that it took up. */
  readonly started: number
  /** The ACK of a final block left: a client that gets it may rely on the file. */
  readonly acknowledged: boolean
  /** How it sees the upload, in words. */
  readonly says: string
}

/** A file that was received and is safe. */
export interface StoredFile {
  readonly bytes: Uint8Array
  /** Virtual milliseconds. */
  readonly storedAt: number
}

/** A node's way out. The bytes are copied before the call returns. */
export interface Outlet {
  send(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void
}

/** A link, as far as the world takes frames out of it. */
export interface Arriving {
  /** No fault looks at what arrives. */
  readonly clearArrival: boolean
  /** Hands a frame to its node that has passed the faults. */
  handOver(now: number, frame: Frame): void
  /** A frame arrives; returns how many frames reach the node now. */
  arrived(now: number, frame: Frame): number
}

/** Where links put arrivals. */
export interface Schedule {
  arrive(at: number, frame: Frame, link: Arriving, pastFaults: boolean): void
}
