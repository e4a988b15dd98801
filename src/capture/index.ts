/** `foresend/capture`: capture files that Wireshark opens. */
export type { Datagram } from './ip.ts'
export * from './pcapng.ts'
