/** TFTP programs that none of us wrote: where they are, and how to run the servers among them for a test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isExecutable } from '../../src/control/runnable.ts'

/**
 * The path of a program: on PATH, in the folders of system programs, or below `$FORESEND_PEERS`, where packages that
 * cannot be installed together were unpacked. Undefined when it is missing.
 */
export function findProgram(name: string): string | undefined {
  const peers = process.env['FORESEND_PEERS']
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin']
  if (peers !== undefined) folders.push(join(peers, 'usr/sbin'), join(peers, 'usr/bin'))
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

/** For the name of a test that is skipped: which program it lacks and where it comes from. */
export function missingNote(name: string, debianPackage: string): string {
  return `${name} is missing (Debian package ${debianPackage})`
}

export interface RunningServer {
  readonly address: string
  readonly port: number
  /** What it printed so far, for failures. */
  output(): string
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>
}

/** Starts a server in the foreground and waits until it holds its port (5 s at most). */
export async function startPeer(
  command: string,
  args: readonly string[],
  address: string,
  port: number,
): Promise<RunningServer> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  child.stdout.on('data', (data: Buffer) => (printed += data.toString('latin1')))
  child.stderr.on('data', (data: Buffer) => (printed += data.toString('latin1')))
  const server = { address, port, output: () => printed, stop: () => stop(child) }
  const until = Date.now() + 5000
  while (!isTaken(address, port)) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop(child)
      throw new Error(`${command} did not start on ${address}:${port}: ${printed}`)
    }
    await delay(10)
  }
  return server
}

/** A UDP port that was free a moment ago. */
export function freePort(address = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', reject)
    socket.bind(0, address, () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })
}

/** By Linux' tables: to try the port would take it from the server that is about to bind it. */
function isTaken(address: string, port: number): boolean {
  const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString('hex').toUpperCase()
  const own = hex(address.split('.').map(Number).toReversed())
  const local = new RegExp(`^ *\\d+: (${own}|0+):${hex([port >> 8, port & 0xff])} `, 'm')
  return ['/proc/net/udp', '/proc/net/udp6'].some(
    (table) => existsSync(table) && local.test(readFileSync(table, 'latin1')),
  )
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  // A server in the middle of a transfer may want to finish it.
  const timer = setTimeout(() => child.kill('SIGKILL'), 1000)
  await gone
  clearTimeout(timer)
}
