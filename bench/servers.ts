/** The servers that are compared: where they are, and how each is started on a core of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram, freePort, missingNote } from '../test/interop/programs.ts'
import { pinned } from './pin.ts'
import { treeOf } from './process-tree.ts'

/** Every limit on transfers is set above what the cases need, for all servers. */
const MAX_TRANSFERS = 5000
const TERM_GRACE_MS = 1000

export interface ServerKind {
  readonly name: string
  /** Its file, or why it cannot be run. */
  find(workFolder: string): { program: string } | { missing: string }
  version(program: string): string
  /** It knows no other port than 69, so it gets a loopback address of its own. */
  readonly onPort69?: boolean
  /** Program and arguments that serve `folder`, uploads included where it can, until the process is ended. */
  command(program: string, folder: string, address: string, port: number): string[]
}

export interface StartedServer {
  readonly kind: ServerKind
  readonly pid: number
  readonly address: string
  readonly port: number
  stop(): Promise<void>
}

const FORESEND = fileURLToPath(new URL('../bin/foresend.js', import.meta.url))

export const SERVERS: readonly ServerKind[] = [
  foresend('foresend', 'dgram'),
  foresend('foresend-batch', 'batch'),
  {
    name: 'tftpd-hpa',
    find: () => found('in.tftpd', 'tftpd-hpa'),
    version: (program) => firstLine(program, '-V'),
    command: (program, folder, address, port) => {
      const where = ['--listen', '--foreground', '--address', `${address}:${port}`, '--user', user()]
      return [program, ...where, '--create', '--permissive', '--secure', folder]
    },
  },
  {
    name: 'atftpd',
    find: (workFolder) => {
      const deb = process.env['FORESEND_ATFTPD_DEB']
      return deb === undefined ? found('atftpd', 'atftpd') : unpacked(deb, workFolder, 'usr/sbin/atftpd')
    },
    version: (program) => firstLine(program, '-V'),
    command: (program, folder, address, port) => {
      const where = ['--daemon', '--no-fork', '--port', String(port), '--bind-address', address, '--user', user()]
      return [program, ...where, '--maxthread', String(MAX_TRANSFERS), '--logfile', '/dev/null', folder]
    },
  },
  {
    name: 'dnsmasq',
    onPort69: true,
    find: () =>
      process.getuid?.() === 0 ? found('dnsmasq', 'dnsmasq-base') : { missing: 'dnsmasq needs root: port 69' },
    version: (program) => firstLine(program, '--version'),
    command: (program, folder, address) => {
      const where = ['--bind-interfaces', `--listen-address=${address}`, `--user=${user()}`, '--keep-in-foreground']
      // Its block size is bounded by its buffer for DNS.
      const limits = [`--tftp-max=${MAX_TRANSFERS}`, '--edns-packet-max=16384']
      const tftp = ['--port=0', '--enable-tftp', `--tftp-root=${folder}`, '--quiet-tftp']
      return [program, ...where, ...limits, ...tftp, '--conf-file=/dev/null', '--pid-file=']
    },
  },
]

function foresend(name: string, driver: 'dgram' | 'batch'): ServerKind {
  return {
    name,
    find: () =>
      driver === 'batch' && process.platform !== 'linux' ? { missing: 'needs Linux' } : { program: FORESEND },
    version: () => `${packageVersion()}, driver ${driver}`,
    command: (program, folder, address, port) => {
      const where = ['--host', address, '--port', String(port), '--driver', driver]
      const limits = ['--max-transfers', String(MAX_TRANSFERS), '--max-transfers-per-address', String(MAX_TRANSFERS)]
      return [process.execPath, program, 'serve', folder, ...where, ...limits, '--writable', '--log-format', 'json']
    },
  }
}

const running = new Set<StartedServer>()

/** Starts a server; it may need a moment until it answers. */
export async function startServer(
  kind: ServerKind,
  program: string,
  folder: string,
  logFolder: string,
  core: number | undefined,
): Promise<StartedServer> {
  const address = kind.onPort69 === true ? ownAddress() : '127.0.0.1'
  const port = kind.onPort69 === true ? 69 : await freePort(address)
  const [command, ...args] = pinned(core, kind.command(program, folder, address, port))
  mkdirSync(logFolder, { recursive: true })
  const log = openSync(join(logFolder, `${kind.name}-${port}.log`), 'w')
  const child = spawn(command as string, args, { stdio: ['ignore', log, log] })
  closeSync(log)
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('spawn', () => resolve(child.pid as number))
  })
  const server: StartedServer = { kind, pid, address, port, stop: () => stop(server, child) }
  running.add(server)
  return server
}

/** For the end of the program, however it comes: nothing that we started stays. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()))
}

async function stop(server: StartedServer, child: ChildProcess): Promise<void> {
  running.delete(server)
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  // A server that forks may leave its children behind.
  const children = treeOf(server.pid).slice(1)
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), TERM_GRACE_MS)
  await gone
  clearTimeout(timer)
  for (const pid of children) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It went with its parent.
    }
  }
}

function found(program: string, debianPackage: string): { program: string } | { missing: string } {
  const path = findProgram(program)
  return path === undefined ? { missing: missingNote(program, debianPackage) } : { program: path }
}

function unpacked(deb: string, workFolder: string, path: string): { program: string } | { missing: string } {
  try {
    execFileSync('dpkg-deb', ['--extract', deb, join(workFolder, 'deb')], { stdio: 'pipe' })
    return { program: join(workFolder, 'deb', path) }
  } catch (error) {
    return { missing: `${deb} could not be unpacked: ${(error as Error).message.split('\n')[0]}` }
  }
}

/** 127/8 is loopback throughout; two runs at the same time do not meet. */
function ownAddress(): string {
  return `127.70.${(process.pid >>> 8) & 255}.${process.pid & 255 || 1}`
}

/** Who the servers run as: tftpd-hpa and dnsmasq change to it. */
function user(): string {
  return process.env['USER'] ?? 'root'
}

function firstLine(program: string, flag: string): string {
  try {
    return (
      execFileSync(program, [flag], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0] ?? ''
    )
  } catch {
    return 'version unknown'
  }
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
