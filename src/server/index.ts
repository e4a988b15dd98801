/** Serve files by TFTP from a program: `startServer` and what it says. */
export type { TransferEvent } from '../endpoint/contract.ts'
export { type Fault, type ErrorCode, ForesendError } from '../error.ts'
export { type Server, type ServerEvent, type ServerOptions, startServer } from './server.ts'
