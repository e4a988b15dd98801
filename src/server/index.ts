/** Serve files by TFTP from a program: `startServer`, and what can be seen and done while it runs. */
export type { ContentSpec } from '../content/index.ts'
export type { EventKind, TransferEvent } from '../endpoint/contract.ts'
export { FINAL_EVENTS } from '../endpoint/contract.ts'
export { type EndedDetails, type EndedTransfer, type History } from '../history/contract.ts'
export type { DeviceUpdate } from '../profile/memory.ts'
export { type Fault, type ErrorCode, ForesendError } from '../error.ts'
export {
  type EventLevel,
  isTransferEvent,
  type ListeningEvent,
  type NetworkStats,
  type NoticeEvent,
  type Server,
  type ServerConfig,
  type ServerConfigInput,
  type ServerEvent,
  type ServerStats,
  type TraceEntry,
  type TransferSnapshot,
  type WorkerHealth,
} from './contract.ts'
export { startServer } from './server.ts'
