/**
 * The descriptor of a thread's event loop. libuv names it for the main thread only; for other threads it is found: a socket that Node
 * watches stands in the list of exactly one epoll descriptor of this process.
 */
import { createSocket } from 'node:dgram'
import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import * as linux from './linux.ts'
import type { Native } from './linux.ts'

/** The same functions with `loopFd` of the thread that calls; -1 where it cannot be found: what waits for it is late then. */
export async function withLoop(native: Native): Promise<Native> {
  return native.loopFd >= 0 ? native : { ...native, loopFd: await findLoop(native) }
}

async function findLoop(native: Native): Promise<number> {
  const fd = native.socket(linux.AF_INET, linux.DATAGRAM_SOCKET)
  if (fd < 0) return -1
  const socket = createSocket('udp4')
  try {
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind({ fd, exclusive: true }, resolve))
    // It is watched from the next poll on.
    await turn()
    await turn()
    return watcherOf(fd)
  } catch {
    return -1
  } finally {
    socket.close()
  }
}

function watcherOf(fd: number): number {
  const watches = new RegExp(`^tfd:\\s+${fd}\\s`, 'm')
  for (const name of readdirSync('/proc/self/fdinfo')) {
    try {
      if (watches.test(readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'))) return Number(name)
    } catch {
      // Closed meanwhile.
    }
  }
  return -1
}
