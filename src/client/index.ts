/** `foresend/client`: fetch and store files by TFTP. */
export { type ErrorCode, type Fault, ForesendError } from '../error.ts'
export { get } from './get.ts'
export { put } from './put.ts'
export type { PacketLine, Progress, Summary, TransferOptions } from './options.ts'
export { parseTftpUrl, type TftpUrl } from './url.ts'
