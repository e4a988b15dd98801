/** Sockets that another program bound and handed to this one: systemd (sd_listen_fds(3)), or inetd through the launcher. */
import { readFileSync, readlinkSync } from 'node:fs'
import { ForesendError } from '../error.ts'

/** The first descriptor of systemd's protocol. */
const FIRST = 3
/** No unit has that many addresses. */
const MAX_SOCKETS = 64
/** bin/foresend.js puts how many sockets it handed on here. */
export const FROM_LAUNCHER = 'FORESEND_SOCKETS'

/**
 * Their descriptors; empty without any. The variables that say so are taken out of `env`: they are not for the programs that this one
 * starts.
 */
export function handedSockets(env: NodeJS.ProcessEnv = process.env, pid: number = process.pid): readonly number[] {
  const { LISTEN_FDS, LISTEN_PID, [FROM_LAUNCHER]: launched } = env
  const count = Number(launched ?? (LISTEN_PID === String(pid) ? LISTEN_FDS : undefined) ?? 0)
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', FROM_LAUNCHER]) delete env[name]
  return Number.isInteger(count) && count >= 1 ? handedDescriptors(Math.min(count, MAX_SOCKETS)) : []
}

/** The descriptors of the first `count` sockets. */
export function handedDescriptors(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => FIRST + index)
}

/**
 * Whether descriptor `fd` is a UDP socket of IPv4 or of IPv6, by Linux' tables: Node needs to know before it takes one over. Throws
 * ERR_TFTP_BIND for what is none.
 */
export function familyOf(fd: number): 4 | 6 {
  const inode = inodeOf(fd)
  if (inode !== undefined) {
    if (tableHas('/proc/self/net/udp', inode)) return 4
    if (tableHas('/proc/self/net/udp6', inode)) return 6
  }
  throw new ForesendError(
    'ERR_TFTP_BIND',
    `descriptor ${fd} is no UDP socket: whatever starts this program must hand it one (systemd: ListenDatagram=; inetd: dgram udp wait)`,
    { fault: 'local' },
  )
}

function inodeOf(fd: number): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1]
  } catch {
    return undefined
  }
}

/** The tenth column of a line is the inode. */
function tableHas(path: string, inode: string): boolean {
  try {
    const lines = readFileSync(path, 'latin1').split('\n').slice(1)
    return lines.some((line) => line.trim().split(/\s+/)[9] === inode)
  } catch {
    return false
  }
}
