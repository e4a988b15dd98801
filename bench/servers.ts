/** The servers that are compared: where they are, and the command line that each is started with. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram, missingNote } from '../test/interop/programs.ts'
import { probeBatch } from '../src/io/native/probe.ts'
import { OURS, OURS_PORTABLE } from './figures.ts'

/** Every limit on transfers is set above what the cases need, for all servers. */
const MAX_TRANSFERS = 10_000

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

export const FORESEND = fileURLToPath(new URL('../bin/foresend.js', import.meta.url))

export const SERVERS: readonly ServerKind[] = [
  foresend(OURS, 'batch'),
  foresend(OURS_PORTABLE, 'dgram'),
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
    find: () => {
      // Where it cannot run the server takes the other driver, which must not stand in its column.
      const lack = driver === 'batch' ? probeBatch() : ''
      return typeof lack === 'string' && lack !== '' ? { missing: `${name}: ${lack}` } : { program: FORESEND }
    },
    version: () => `${packageVersion()}, driver ${driver}`,
    command: (program, folder, address, port) => {
      const where = ['--host', address, '--port', String(port), '--driver', driver]
      const limits = ['--max-transfers', String(MAX_TRANSFERS), '--max-transfers-per-address', String(MAX_TRANSFERS)]
      const rest = ['--writable', '--log-format', 'json', '--no-history']
      return [process.execPath, program, 'serve', folder, ...where, ...limits, ...rest]
    },
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
