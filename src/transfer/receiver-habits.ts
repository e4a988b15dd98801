/** What a WRQ alone tells of the client that stores, where it must be known before a block has come. */
import { OPCODE, type Request } from '../packet/index.ts'

/** The options of U-Boot's tftpput, in its order (net/tftp.c, tftp_send): `tsize` and `multicast` depend on how it was built. */
const UBOOT_OPTIONS = /^timeout (tsize )?blksize( multicast)?$/

/**
 * U-Boot takes any ACK for the last one once its final block has left, and a second OACK for the ACK of its first block (net/tftp.c,
 * tftp_handler). Rule R2.
 */
export function takesAnyAck({ opcode, options }: Request): boolean {
  return opcode === OPCODE.wrq && UBOOT_OPTIONS.test(options.map(({ name }) => name).join(' '))
}
