/** What the kernel has put into a socket's error queue (IP_RECVERR). */
import * as linux from './linux.ts'
import type { Messages } from './messages.ts'

const SO_EE_ORIGIN_LOCAL = 1

/** What ICMP said, from the control data of an error message; 0 when it was not ICMP. */
export function icmpErrno(errors: Messages): number {
  const view = errors.controlView
  const end = errors.controlBytes(0)
  for (let at = 0; at + linux.CMSG.data <= end; ) {
    const length = view.getUint32(at + linux.CMSG.length, true)
    if (length < linux.CMSG.data || at + length > end) return 0
    const level = view.getInt32(at + linux.CMSG.level, true)
    const type = view.getInt32(at + linux.CMSG.type, true)
    const isError =
      (level === linux.SOL_IP && type === linux.IP_RECVERR) || (level === linux.SOL_IPV6 && type === linux.IPV6_RECVERR)
    if (isError) {
      const data = at + linux.CMSG.data
      if (view.getUint8(data + linux.EXTENDED_ERROR.origin) === SO_EE_ORIGIN_LOCAL) return 0
      return view.getUint32(data + linux.EXTENDED_ERROR.errno, true)
    }
    at += Math.ceil(length / linux.CMSG.align) * linux.CMSG.align
  }
  return 0
}
