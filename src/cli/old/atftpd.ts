/** `foresend atftpd …`: the command line of atftpd 0.8, with its meaning. A link to the program may be called atftpd. */
import { resolve } from 'node:path'
import { groupAddressesOf, groupPortsOf } from '../../io/group-range.ts'
import type { Value } from '../config/kind.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { version } from '../version.ts'
import { getopt, type OldOption, optionNumber, optionsPage } from './getopt.ts'
import { type OldServer, runOld } from './run-old.ts'

const PROGRAM = 'atftpd'

const OPTIONS: readonly OldOption[] = [
  { name: 'tftpd-timeout', letter: 't', value: 'needed' },
  { name: 'retry-timeout', letter: 'r', value: 'needed' },
  { name: 'maxthread', letter: 'm', value: 'needed' },
  { name: 'verbose', letter: 'v', value: 'optional' },
  { name: 'trace', value: 'none' },
  { name: 'no-timeout', value: 'none' },
  { name: 'no-tsize', value: 'none' },
  { name: 'no-blksize', value: 'none' },
  { name: 'no-windowsize', value: 'none' },
  { name: 'no-multicast', value: 'none' },
  { name: 'logfile', value: 'needed' },
  { name: 'pidfile', value: 'needed' },
  { name: 'daemon', value: 'none' },
  { name: 'no-fork', value: 'none' },
  { name: 'user', value: 'needed' },
  { name: 'group', value: 'needed' },
  { name: 'port', value: 'needed' },
  { name: 'bind-address', value: 'needed' },
  { name: 'mcast-ttl', value: 'needed' },
  { name: 'mcast-addr', value: 'needed' },
  { name: 'mcast-port', value: 'needed' },
  { name: 'pcre', value: 'needed' },
  { name: 'pcre-test', value: 'needed' },
  { name: 'mtftp', value: 'needed' },
  { name: 'mtftp-port', value: 'needed' },
  { name: 'no-source-port-checking', value: 'none' },
  { name: 'prevent-sas', value: 'none' },
  { name: 'mcast-switch-client', value: 'none' },
  { name: 'version', letter: 'V', value: 'none' },
  { name: 'help', letter: 'h', value: 'none' },
]

/** Options of atftpd that refuse an option of TFTP. */
const REFUSING = ['timeout', 'tsize', 'blksize', 'windowsize', 'multicast']
/** What cannot be had here. `--prevent-sas` is not among them: a stale ACK never triggers a send (rule A8). */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  mtftp: 'mtftp of PXE is not served; clients that ask for the option multicast get their files by multicast',
  'mtftp-port': 'mtftp of PXE is not served',
  'no-source-port-checking':
    'a client whose port changes during a transfer is not served; --single-port of foresend serve helps behind NAT',
}
/** What atftpd sends to where nothing else is given (RFC 2365: the local scope). */
const DEFAULT_GROUPS = '239.255.0.0-255'
const DEFAULT_PATH = '/tftpboot'
const IDLE_SECONDS = 300
const DEFAULT_USER = 'nobody'
/** syslog(3): LOG_NOTICE. */
const DEFAULT_VERBOSITY = 5

/** Runs it; resolves with the exit code. */
export async function atftpd(context: Context, words: readonly string[]): Promise<number> {
  const asked = getopt(PROGRAM, OPTIONS, words).options.map(({ name }) => name)
  if (asked.includes('version')) context.stdout.write(`foresend ${version()} as atftpd\n`)
  else if (asked.includes('help')) context.stdout.write(optionsPage(`foresend ${PROGRAM} [OPTIONS] [DIR]`, OPTIONS))
  else return runOld(context, readAtftpd(words))
  return EXIT.done
}

/** What the command line means. `uid` is of this process. Throws ERR_TFTP_USAGE. */
export function readAtftpd(args: readonly string[], uid: number | undefined = process.getuid?.()): OldServer {
  const { options, words } = getopt(PROGRAM, OPTIONS, args)
  const has = (name: string): boolean => options.some((option) => option.name === name)
  const last = (name: string): string | undefined => options.findLast((option) => option.name === name)?.value
  if (words.length > 1) throw usageError(`${PROGRAM}: it serves one directory, and ${words.join(' ')} are several`)
  if (has('pcre-test')) {
    throw usageError(`${PROGRAM}: --pcre-test is \`foresend config map-test\` here: it prints what becomes of names`)
  }
  const isStandalone = has('daemon')
  const values: Record<string, Value> = {
    path: resolve(words[0] ?? DEFAULT_PATH),
    // Any file may be stored that the user of the server may write.
    uploads: 'overwrite',
    ...logOf(last('logfile')),
    'log-level': levelOf(options.filter(({ name }) => name === 'verbose').map(({ value }) => value)),
    ...userOf(last('user'), last('group'), uid),
  }
  if (isStandalone) {
    values.port = numberOf('--port', last('port') ?? '69', 0, 65_535)
    if (has('bind-address')) values.host = [last('bind-address') as string]
    if (has('pidfile')) values.pidfile = resolve(last('pidfile') as string)
  } else values['exit-idle'] = numberOf('--tftpd-timeout', last('tftpd-timeout') ?? String(IDLE_SECONDS), 1, 1_000_000)
  if (has('retry-timeout')) values.rto = numberOf('--retry-timeout', last('retry-timeout'), 1, 60) * 1000
  if (has('maxthread')) values['max-transfers'] = numberOf('--maxthread', last('maxthread'), 1, 1_000_000)
  if (!has('no-multicast')) Object.assign(values, groupsOf(last('mcast-addr'), last('mcast-port'), last('mcast-ttl')))
  if (!has('no-multicast') && has('mcast-switch-client')) values['multicast-switch'] = true
  const refuse = REFUSING.filter((option) => has(`no-${option}`))
  if (refuse.length > 0) values.refuse = refuse
  if (has('pcre')) values.pcre = resolve(last('pcre') as string)
  const remarks = Object.entries(WITHOUT_EFFECT).flatMap(([name, why]) =>
    has(name) ? [`--${name} has no effect: ${why}`] : [],
  )
  return { program: PROGRAM, values, isStandalone, isDaemon: isStandalone && !has('no-fork'), remarks }
}

function groupsOf(
  addresses: string | undefined,
  ports: string | undefined,
  ttl: string | undefined,
): Record<string, Value> {
  if (addresses !== undefined && groupAddressesOf(addresses) === undefined)
    throw usageError(`${PROGRAM}: --mcast-addr takes multicast addresses, such as ${DEFAULT_GROUPS}, not ${addresses}`)
  if (ports !== undefined && groupPortsOf(ports) === undefined)
    throw usageError(`${PROGRAM}: --mcast-port takes ports, such as 1758 or 1758-2000,8000, not ${ports}`)
  return {
    multicast: addresses ?? DEFAULT_GROUPS,
    ...(ports === undefined ? {} : { 'multicast-ports': ports }),
    ...(ttl === undefined ? {} : { 'multicast-ttl': numberOf('--mcast-ttl', ttl, 1, 255) }),
  }
}

function logOf(file: string | undefined): Record<string, Value> {
  if (file === undefined) return { 'log-format': 'syslog' }
  if (file === '-' || file === '/dev/stdout') return { 'log-format': 'pretty' }
  return { 'log-format': 'pretty', 'log-file': resolve(file) }
}

/** Each `-v` is one step, `--verbose=N` a level of syslog(3). */
function levelOf(steps: readonly string[]): string {
  let level = DEFAULT_VERBOSITY
  for (const step of steps) level = step === '' ? level + 1 : numberOf('--verbose', step, 0, 7)
  if (level >= 7) return 'debug'
  if (level >= 5) return 'info'
  return level === 4 ? 'warn' : 'error'
}

/** Root becomes nobody unless another user is named; `--group` wins over the group in `--user`. */
function userOf(user: string | undefined, group: string | undefined, uid: number | undefined): Record<string, Value> {
  if (user === undefined && group === undefined && uid !== 0) return {}
  const [name = DEFAULT_USER, own] = (user ?? DEFAULT_USER).split('.')
  const chosen = group ?? own ?? (user === undefined ? 'nogroup' : undefined)
  return { user: chosen === undefined ? name : `${name}:${chosen}` }
}

function numberOf(flag: string, text: string | undefined, min: number, max: number): number {
  return optionNumber(`${PROGRAM}: ${flag}`, text, min, max)
}
