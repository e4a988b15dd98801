/** TFTP clients that none of us wrote, each with the options that it can ask for, and how to run them. */
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { runInShell } from '../support/shell.ts'
import { findProgram, missingNote } from './programs.ts'

export interface Errand {
  readonly direction: 'get' | 'put'
  /** Of the server. */
  readonly address: string
  readonly port: number
  readonly mode?: 'netascii'
  /** The name at the server. */
  readonly remote: string
  /** The path here; its folder is where the client runs. */
  readonly local: string
}

/** A client with fixed options: one row of the table. */
export interface ForeignClient {
  readonly name: string
  /** For the name of a test that is skipped: what is missing. Undefined when it can run. */
  readonly lacks: string | undefined
  /** What must be agreed, in blocks and bytes. */
  readonly blksize: number
  readonly windowsize: number
  readonly ipv6: boolean
  /** Knows netascii, and translates. */
  readonly netascii: boolean
  /** In bytes: what is shorter it stores wrongly at any server. */
  readonly leastPutBytes: number
  /** It asks as a boot ROM does that may count repeats: one block at a time, whatever was chosen (rule A13). */
  readonly asksAsRom: boolean
  /** Resolves with what it printed; rejects when it ends with a failure or says so, or takes longer than 30 s. */
  run(errand: Errand): Promise<string>
}

interface Row {
  readonly blksize?: number
  readonly windowsize?: number
  readonly leastPutBytes?: number
  readonly asksAsRom?: boolean
}

interface Program {
  readonly kind: string
  readonly program: string
  readonly debianPackage: string
  readonly rows: readonly Row[]
  readonly ipv6: boolean
  readonly netascii: boolean
  /** Further checks, beyond that the program is there. */
  works?(path: string): boolean
  args(errand: Errand, row: Row): string[]
}

const TIMEOUT_MS = 30_000

/** Not every client ends with an exit code that tells. */
const FAILURE = /error|timed? ?out|abort|failed|refused|unknown/i

const PERL = `
use Net::TFTP;
my ($way, $host, $port, $remote, $local, $mode, $blksize) = @ARGV;
my $tftp = Net::TFTP->new($host, Port => $port, Mode => $mode, BlockSize => $blksize);
my $done = $way eq 'get' ? $tftp->get($remote, $local) : $tftp->put($local, $remote);
die "error: " . ($tftp->error || 'none named') . "\\n" unless $done;
`

const PROGRAMS: readonly Program[] = [
  {
    kind: 'tftp-hpa',
    program: 'tftp',
    debianPackage: 'tftp-hpa',
    rows: [{}],
    ipv6: true,
    netascii: true,
    // Several packages bring a program of this name.
    works: (path) => /tftp-hpa/.test(spawnSync(path, ['-V'], { encoding: 'utf8' }).stdout ?? ''),
    args: ({ direction, address, port, mode, remote, local }) => {
      const names = direction === 'get' ? [remote, local] : [local, remote]
      return ['-m', mode ?? 'binary', address, String(port), '-c', direction, ...names]
    },
  },
  {
    kind: 'atftp',
    program: 'atftp',
    debianPackage: 'atftp',
    rows: [{}, { windowsize: 8 }, { blksize: 1428 }, { blksize: 1428, windowsize: 8 }],
    ipv6: true,
    netascii: true,
    args: ({ direction, address, port, mode, remote, local }, { blksize, windowsize }) => {
      const options = Object.entries({ mode, blksize, windowsize }).filter(([, value]) => value !== undefined)
      const flags = options.flatMap(([name, value]) => ['--option', `${name} ${value}`])
      return [`--${direction}`, '--remote-file', remote, '--local-file', local, ...flags, address, String(port)]
    },
  },
  {
    kind: 'curl',
    program: 'curl',
    debianPackage: 'curl',
    rows: [{}, { blksize: 1428 }],
    ipv6: true,
    netascii: false,
    args: ({ direction, address, port, remote, local }, { blksize }) => {
      const flags = blksize === undefined ? [] : ['--tftp-blksize', String(blksize)]
      const url = `tftp://${address.includes(':') ? `[${address}]` : address}:${port}/${remote}`
      const file = [direction === 'get' ? '--output' : '--upload-file', local]
      return ['--silent', '--show-error', '--noproxy', '*', ...flags, ...file, url]
    },
  },
  {
    kind: 'busybox',
    program: 'busybox',
    debianPackage: 'busybox',
    // `tsize=0` alone; with a blksize that comes first.
    rows: [{ asksAsRom: true }, { blksize: 1428 }],
    ipv6: true,
    netascii: false,
    works: (path) => spawnSync(path, ['--list'], { encoding: 'utf8' }).stdout?.split('\n').includes('tftp') ?? false,
    args: ({ direction, address, port, remote, local }, { blksize }) => {
      const flags = blksize === undefined ? [] : ['-b', String(blksize)]
      const way = direction === 'get' ? '-g' : '-p'
      return ['tftp', way, '-l', local, '-r', remote, ...flags, address, String(port)]
    },
  },
  {
    kind: 'Net::TFTP',
    program: 'perl',
    debianPackage: 'libnet-tftp-perl',
    // Of a file shorter than 512 bytes Net::TFTP 0.19 sends one byte at most, once the server has agreed to a blksize.
    rows: [{}, { blksize: 1428, leastPutBytes: 512 }],
    ipv6: false,
    netascii: true,
    works: (path) => spawnSync(path, ['-MNet::TFTP', '-e', '1']).status === 0,
    args: ({ direction, address, port, mode, remote, local }, { blksize }) => {
      const where = [direction, address, String(port), remote, local]
      return ['-e', PERL, ...where, mode ?? 'octet', String(blksize ?? 0)]
    },
  },
]

/** Every client in every row, whether it is installed or not. */
export const FOREIGN_CLIENTS: readonly ForeignClient[] = PROGRAMS.flatMap(rowsOf)

function rowsOf(program: Program): ForeignClient[] {
  const path = findProgram(program.program)
  const works = path !== undefined && (program.works?.(path) ?? true)
  const lacks = works ? undefined : missingNote(program.kind, program.debianPackage)
  return program.rows.map((row) => ({
    name: [
      program.kind,
      row.blksize === undefined ? '' : ` blksize ${row.blksize}`,
      row.windowsize === undefined ? '' : ` windowsize ${row.windowsize}`,
    ].join(''),
    lacks,
    blksize: row.blksize ?? 512,
    windowsize: row.windowsize ?? 1,
    ipv6: program.ipv6,
    netascii: program.netascii,
    leastPutBytes: row.leastPutBytes ?? 0,
    asksAsRom: row.asksAsRom ?? false,
    run: (errand) => execute(path ?? program.program, program.args(errand, row), dirname(errand.local)),
  }))
}

async function execute(path: string, args: readonly string[], cwd: string): Promise<string> {
  const { status, printed } = await runInShell(path, args, cwd, TIMEOUT_MS)
  if (status === 0 && !FAILURE.test(printed)) return printed
  const why = status === 0 ? 'reports a failure' : `exit code ${status}`
  throw new Error(`${path} ${args.join(' ')}: ${why}\n${printed}`)
}
