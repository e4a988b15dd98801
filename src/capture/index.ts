/** `foresend/capture`: capture files as Wireshark writes and opens them, and the TFTP transfers in them. */
export * from './contract.ts'
export type { Datagram } from './ip.ts'
export * from './pcapng.ts'
export { CaptureReader, type ReadEnd } from './read/capture-reader.ts'
export { type CapturedRecord, DIRECTION, type RecordSink, timeMs } from './read/record.ts'
export { CaptureTransfers } from './transfers.ts'
