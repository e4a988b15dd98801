/**
 * How fast two processes can be through the same system calls without TFTP: data one way, four bytes the other, both
 * spinning, on the same two cores. A server cannot be faster; how near it comes is what its own work costs.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TransferCase } from './cases.ts'
import { checkOpen } from './closing.ts'
import { CORES, pinned } from './pin.ts'

const SIDE = fileURLToPath(new URL('ceiling-side.ts', import.meta.url))
const GRACE_MS = 3000

const running = new Set<ChildProcess>()

/** MB/s, the better of receiving each datagram and receiving coalesced ones; empty where it cannot be measured. */
export async function measureCeiling(each: TransferCase, ms: number): Promise<number[]> {
  const ways = each.windowsize === 1 ? ['plain'] : ['plain', 'coalesced']
  const found: number[] = []
  for (const way of ways) {
    const rate = await measureOnce(each, ms / ways.length, way)
    if (rate !== undefined) found.push(rate)
  }
  return found.length === 0 ? [] : [Math.max(...found)]
}

export function stopCeiling(): void {
  for (const child of running) child.kill('SIGKILL')
}

async function measureOnce(each: TransferCase, ms: number, way: string): Promise<number | undefined> {
  // Whoever sends the blocks stands where it would with TFTP.
  const [sender, receiver] = each.kind === 'get' ? [CORES?.server, CORES?.client] : [CORES?.client, CORES?.server]
  const shape = [String(each.blksize), String(each.windowsize), String(Math.ceil(ms)), way]
  const receiving = start(receiver, ['receive', ...shape])
  try {
    const port = await firstLine(receiving)
    if (port === undefined) return undefined
    const sending = start(sender, ['send', ...shape, port])
    const answer = await firstLine(sending)
    return answer === undefined ? undefined : Number(answer)
  } finally {
    receiving.kill('SIGKILL')
  }
}

function start(core: number | undefined, args: readonly string[]): ChildProcess {
  const [program, ...rest] = pinned(core, [process.execPath, SIDE, ...args])
  checkOpen()
  const child = spawn(program as string, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

/** Undefined when it ends without one. */
function firstLine(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS + 10_000)
    let out = ''
    child.stdout?.on('data', (data: Buffer) => {
      out += data.toString('latin1')
      const end = out.indexOf('\n')
      if (end < 0) return
      clearTimeout(timer)
      resolve(out.slice(0, end))
    })
    child.once('close', () => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
}
