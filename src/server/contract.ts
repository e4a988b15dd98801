/**
 * What a server is to the program that runs it: a command line, a page, a script. Everything that watches or steers a server uses these
 * calls, whether its transfers run in this thread or in eight others.
 */
import type { ContentSpec } from '../content/index.ts'
import type { ContentInput } from './content-config.ts'
import type { TransferEvent } from '../endpoint/contract.ts'
import type { Rollover } from '../transfer/negotiate.ts'
import type { TraceEntry } from '../transfer/trace.ts'

/** How a server is to be: plain data that crosses threads. `parseConfig` makes one of what a user wrote. */
export interface ServerConfig {
  readonly content: ContentSpec
  /** Addresses of this machine to listen on; `0.0.0.0` and `::` mean every one. Empty: both. */
  readonly hosts: readonly string[]
  /** 0 takes any that is free, the same for all hosts. */
  readonly port: number
  /** Descriptors of sockets that are bound already: they take the place of `hosts` and `port`, and the `dgram` driver serves them. */
  readonly sockets?: readonly number[] | undefined
  /** `auto`: lock-step on the wire with quick repeats. `strict`: RFC 1350 to the letter. Else blocks on the way. */
  readonly window: 'auto' | 'strict' | number
  /** The same in Tftpd64's unit: 1 + floor(bytes / blksize) blocks. */
  readonly anticipationBytes?: number | undefined
  /** Datagrams per DATA block. */
  readonly copies?: number | undefined
  /** Milliseconds between two datagrams of a window. */
  readonly gapMs?: number | undefined
  /** The least time before a block is sent again, in milliseconds. */
  readonly rtoMs?: number | undefined
  /** `batch` needs Linux; `auto` takes it where it can run. */
  readonly driver: 'auto' | 'dgram' | 'batch'
  /** Threads of the batch driver that share the port; `auto` by the cores. */
  readonly workers: 'auto' | number
  readonly writable: boolean
  readonly overwrite: boolean
  readonly singlePort: boolean
  /** Networks that are served though they are not private, as CIDR. */
  readonly allow: readonly string[]
  /** A folder for a capture of each transfer. */
  readonly record?: string | undefined
  /** Only of those that failed, stalled or repeated much. */
  readonly recordFailed?: boolean | undefined
  /** This number of them stays, the newest ones (500). */
  readonly recordFiles?: number | undefined
  /** A capture is this large at most, in MiB (4). */
  readonly recordMib?: number | undefined
  readonly maxTransfers?: number | undefined
  readonly maxTransfersPerAddress?: number | undefined
  /** Networks that are never served, as CIDR; they win over `allow`. */
  readonly deny?: readonly string[] | undefined
  /** From the top down: the first rule whose conditions all hold decides alone. */
  readonly rules?: readonly Rule[] | undefined
  /** Options that no client gets, by their lower-case names. */
  readonly refuse?: readonly string[] | undefined
  /** The most that is granted, whatever a client asks for. */
  readonly maxBlksize?: number | undefined
  readonly maxWindowsize?: number | undefined
  /** Bytes of payload in one window. */
  readonly maxWindowBytes?: number | undefined
  /** Multicast addresses (group-range.ts): a file goes to all clients at once that ask for that (RFC 2090). Without it to none. */
  readonly multicast?: string | undefined
  /** Ports of groups (1758). */
  readonly multicastPorts?: string | undefined
  /** Routers that a group's blocks may pass, and one (1). */
  readonly multicastTtl?: number | undefined
  /** A client that says nothing while it leads a group makes way for the next at once, and gets another turn. */
  readonly multicastSwitch?: boolean | undefined
  /** What follows block 65535 where a client does not say: see `Rollover`. */
  readonly rollover?: Rollover | undefined
  /** Ports of transfers, `FIRST:LAST`; the system's own choice without it. */
  readonly portRange?: string | undefined
  /** Requests above these are dropped unanswered. */
  readonly requestsPerSec?: number | undefined
  readonly requestsPerSecPerAddress?: number | undefined
  /** Payload that is sent, of all transfers together and of those to one address. Windows wait for it and stay whole. */
  readonly bytesPerSec?: number | undefined
  readonly bytesPerSecPerAddress?: number | undefined
  /** The folder with profiles of the user's own, for rules that name one. */
  readonly state?: string | undefined
}

/** Who, what, and how. Conditions that are left out hold; what is not decided is as the configuration has it. */
export interface Rule {
  /** Networks as CIDR, addresses, or MAC addresses: one of them is the client's. */
  readonly clients?: readonly string[] | undefined
  /** Patterns of the served file's path below its root (name-glob.ts): one of them fits. */
  readonly files?: readonly string[] | undefined
  readonly direction?: 'read' | 'write' | undefined
  /** A kind of device: no other one explains the request better. */
  readonly profile?: string | undefined
  /** False: its requests get ERROR 2. */
  readonly allow?: boolean | undefined
  readonly refuse?: readonly string[] | undefined
  readonly maxBlksize?: number | undefined
  readonly maxWindowsize?: number | undefined
  readonly window?: 'auto' | 'strict' | number | undefined
  readonly anticipationBytes?: number | undefined
  readonly copies?: number | undefined
  readonly gapMs?: number | undefined
  readonly rtoMs?: number | undefined
  /** Of each transfer. */
  readonly bytesPerSec?: number | undefined
}

/** Addresses and ports as they were asked for: `0.0.0.0` and `::` stand for every address. */
export type Bound = readonly { readonly address: string; readonly port: number }[]

export interface Server {
  readonly bound: Bound
  /** Threads of their own serve, those of the batch driver: then this one may give way to them. */
  readonly servesInThreads: boolean
  /**
   * Every transfer that runs now, the oldest first. Figures of a running transfer are up to a second old. While no listener asks for `info`
   * or more, which transfers run, and the totals of `stats()`, are known a tenth of a second late.
   */
  transfers(): TransferSnapshot[]
  /** Totals since the server was started. Those of the network are up to a second old. */
  stats(): ServerStats
  /** How the threads that serve do, in their order. One that does not answer within a second is down. */
  workers(): Promise<WorkerHealth[]>
  /**
   * Ends a running transfer: its client gets an ERROR, its event is `failed` with ERR_TFTP_ABORTED. False when no transfer with
   * this id runs any more.
   */
  abort(id: number): boolean
  /**
   * The last packets of a running transfer, the oldest first: 32 of them, or 4096 once it has stalled. Undefined when no transfer with
   * this id runs, or it ends before the answer comes.
   */
  trace(id: number): Promise<TraceEntry[] | undefined>
  /**
   * Forgets what was learnt of the devices that `name` names (a MAC address, a network address, or all that one is known by), here and in
   * the history. Which ones; what a transfer that runs now teaches counts again. Rejects with ERR_TFTP_ACCESS when the history cannot be changed now.
   */
  forget(name: string): Promise<string[]>
  /**
   * Calls `listener` with each event from now on, down to `level`; the function that comes back ends that. Without `level` it gets every
   * event. Events that no listener asked for are not made at all, so one that asks for more than the others, later than a second after the
   * start, may miss those of the next milliseconds.
   */
  subscribe(listener: (event: ServerEvent) => void, level?: EventLevel): () => void
  /**
   * Opens the content again and looks for new addresses of this machine; running transfers keep what they have. With `config` new
   * transfers follow that one. Rejects with ERR_TFTP_USAGE when it differs in what cannot change while the server runs (hosts, port,
   * driver, workers, single port, recording, limits), and as `startServer` does; then the whole server goes on with its previous
   * settings, however many instances it has. Reloads that are asked for at the same time run one after the other.
   */
  reload(config?: ServerConfigInput): Promise<void>
  /** Takes no new transfers; running ones may finish for `graceMs` milliseconds (STOP_GRACE_MS). Called again, the shorter time counts. */
  stop(graceMs?: number): Promise<void>
}

/** Running transfers may finish for this long when a server stops and nothing else is asked for. */
export const STOP_GRACE_MS = 10_000

/** A configuration as a user writes it: what is left out has its default, and `path` and what `ContentInput` has are short for the content. */
export type ServerConfigInput = Partial<ServerConfig> & ContentInput & { readonly path?: string }

/** A transfer that runs. */
export interface TransferSnapshot {
  readonly id: number
  /** `address:port`, IPv6 in brackets. */
  readonly client: string
  /** The name that was asked for, not escaped. */
  readonly file: string
  /** The file that is sent or stored: its path below the root, or the name of the single file. Undefined before it is open. */
  readonly served: string | undefined
  readonly direction: 'read' | 'write'
  /** `requested`: the client has not answered yet. `stalled`: no progress for 20 times its usual time. */
  readonly state: 'requested' | 'running' | 'stalled'
  readonly bytes: number
  readonly sizeBytes: number | undefined
  readonly rateBytesPerSec: number
  readonly blksize: number | undefined
  /** Blocks that may be outstanding. */
  readonly window: number
  readonly datagrams: number
  readonly retransmitted: number
  /** How often it stood still. */
  readonly stalls: number
  /** When it was asked for, in milliseconds since the epoch. */
  readonly since: number
}

/** Totals; plain data. */
export interface ServerStats {
  /** When the server was started, in milliseconds since the epoch. */
  readonly since: number
  readonly transfers: {
    readonly running: number
    readonly requested: number
    readonly completed: number
    readonly probed: number
    readonly refused: number
    readonly superseded: number
    readonly failed: number
  }
  /** Of those: the ones in which a client stores a file. */
  readonly writes: Readonly<Record<Exclude<keyof ServerStats['transfers'], 'running'>, number>>
  /** Payload of transfers that ended, in bytes. */
  readonly bytes: { readonly read: number; readonly written: number }
  readonly network: NetworkStats
}

/** What the listening sockets and the transfers' ports counted. */
export interface NetworkStats {
  /** Datagrams at the listening port. */
  readonly requests: number
  /** Of those: no request at all. */
  readonly ignored: number
  /** Of those: a request said again while its transfer runs. */
  readonly repeated: number
  /** Of those: turned away. */
  readonly refused: number
  /** Datagrams that a handler got, requests and those of transfers. */
  readonly arrivals: number
  /** Datagrams that the system did not take, by its error: EPERM is a firewall, ENETUNREACH a missing route. */
  readonly sendErrors: Readonly<Record<string, number>>
  readonly receiveErrors: number
  /** Datagrams dropped here because too many were queued for one peer. */
  readonly dropped: number
}

/** A thread that serves; the one of this program where it serves without workers. */
export interface WorkerHealth {
  /** Processor time of the thread since it was started, in microseconds; undefined when it is down. */
  readonly cpu: { readonly user: number; readonly system: number } | undefined
  /** How often it was started again after a crash. */
  readonly restarts: number
}

/**
 * How much an event matters, and what a listener asks for: each level has those before it as well. `error`: what failed. `warn`: also refusals,
 * stalls and how they ended, transfers that their client began anew, those whose last acknowledgement is missing, and notices. `info`: all but
 * progress. `debug`: every event.
 */
export type EventLevel = 'error' | 'warn' | 'info' | 'debug'

/**
 * An event of the server or of a transfer. More kinds may come: a reader passes over those it does not know.
 */
export type ServerEvent = TransferEvent | ListeningEvent | NoticeEvent

export type { TraceEntry }

export interface ListeningEvent {
  readonly event: 'listening'
  /** Milliseconds since the epoch. */
  readonly time: number
  /** As it was asked for: `0.0.0.0` and `::` stand for every address. */
  readonly address: string
  readonly port: number
  readonly driver: string
}

export interface NoticeEvent {
  readonly event: 'notice'
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Stable, for programs: NO_REQUEST, LISTENER_FAILED, RECORDING, DRIVER, SEND_FAILED, WORKER_CRASHED, WORKER_RESTARTED. */
  readonly code: string
  readonly message: string
}

/** Whether `event` is one of a transfer, whatever its kind. */
export function isTransferEvent(event: ServerEvent): event is TransferEvent {
  return event.event !== 'listening' && event.event !== 'notice'
}
