/** `foresend/server`: start a TFTP server, hear its events, stop it. */
export { type ErrorCode, type Fault, ForesendError } from '../error.ts'
export type { EventKind, TransferEvent } from '../endpoint/contract.ts'
export { type Server, type ServerEvent, type ServerOptions, startServer } from './server.ts'
