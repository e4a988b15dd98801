/** `foresend in.tftpd …`: the command line of tftp-hpa 5.2 and 6.0, with its meaning. A link to the program may be called in.tftpd. */
import { resolve } from 'node:path'
import { portRangeOf } from '../../io/port-range.ts'
import type { ContentSpec } from '../../content/index.ts'
import type { Value } from '../config/kind.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { version } from '../version.ts'
import { getopt, type OldOption, optionNumber, optionsPage } from './getopt.ts'
import { testMap } from './map-test.ts'
import { type OldServer, runOld } from './run-old.ts'

const PROGRAM = 'in.tftpd'

const OPTIONS: readonly OldOption[] = [
  { name: 'ipv4', letter: '4', value: 'none' },
  { name: 'ipv6', letter: '6', value: 'none' },
  { name: 'listen', letter: 'l', value: 'none' },
  { name: 'foreground', letter: 'L', value: 'none' },
  { name: 'address', letter: 'a', value: 'needed' },
  { name: 'create', letter: 'c', value: 'none' },
  { name: 'secure', letter: 's', also: ['chroot'], value: 'none' },
  { name: 'user', letter: 'u', value: 'needed' },
  { name: 'umask', letter: 'U', value: 'needed' },
  { name: 'permissive', letter: 'p', value: 'none' },
  { name: 'pidfile', letter: 'P', value: 'needed' },
  { name: 'timeout', letter: 't', value: 'needed' },
  { name: 'retransmit', letter: 'T', value: 'needed' },
  { name: 'map-file', letter: 'm', value: 'needed' },
  { name: 'verbose', letter: 'v', value: 'none' },
  { name: 'verbosity', value: 'needed' },
  { name: 'refuse', letter: 'r', value: 'needed' },
  { name: 'blocksize', letter: 'B', value: 'needed' },
  { name: 'port-range', letter: 'R', also: ['ports'], value: 'needed' },
  { name: 'version', letter: 'V', value: 'none' },
  // Of 6.0.
  { name: 'windowsize', letter: 'W', value: 'needed' },
  { name: 'window-bytes', value: 'needed' },
  { name: 'map-steps', value: 'needed' },
  { name: 'map-test', value: 'needed' },
  { name: 'service', letter: 'S', also: ['port'], value: 'needed' },
  { name: 'stderr', value: 'none' },
  { name: 'systemd', value: 'none' },
  // Of ours: tftp-hpa serves every address, and has no page of its options.
  { name: 'allow', value: 'needed' },
  { name: 'help', value: 'none' },
]

/** What tftp-hpa's own options may be refused. */
const REFUSABLE = ['blksize', 'blksize2', 'tsize', 'timeout', 'utimeout', 'rollover', 'windowsize']
/** In inetd mode it ends after this long without a request. */
const IDLE_SECONDS = 900
const DEFAULT_USER = 'nobody'
/** Of the rules of a map file, for one request. */
const MAP_STEPS = 4096
/** The smallest block. */
const MIN_WINDOW_BYTES = 8
/** The longest retransmission timer there is here, in milliseconds. */
const MAX_RTO_MS = 60_000

/** Runs it; resolves with the exit code. */
export async function inTftpd(context: Context, words: readonly string[]): Promise<number> {
  const { options } = getopt(PROGRAM, OPTIONS, words)
  if (options.some(({ name }) => name === 'help')) {
    context.stdout.write(optionsPage(`foresend ${PROGRAM} [OPTIONS] DIR…`, OPTIONS))
    return EXIT.done
  }
  const valueOf = (name: string): string | undefined => options.findLast((option) => option.name === name)?.value
  if (valueOf('version') === undefined) {
    const names = valueOf('map-test')
    if (names === undefined) return runOld(context, readInTftpd(words))
    const test = {
      names,
      map: valueOf('map-file'),
      isPut: valueOf('create') !== undefined,
      isSix: valueOf('ipv6') !== undefined && valueOf('ipv4') === undefined,
    }
    return testMap(context, test)
  }
  context.stdout.write(`foresend ${version()} as tftp-hpa's in.tftpd, with remap\n`)
  return EXIT.done
}

/** What the command line means. `uid` is of this process. Throws ERR_TFTP_USAGE. */
export function readInTftpd(args: readonly string[], uid: number | undefined = process.getuid?.()): OldServer {
  const { options, words } = getopt(PROGRAM, OPTIONS, args)
  const has = (name: string): boolean => options.some((option) => option.name === name)
  const last = (name: string): string | undefined => options.findLast((option) => option.name === name)?.value
  const all = (name: string): string[] => options.filter((option) => option.name === name).map(({ value }) => value)

  const isSecure = has('secure')
  const roots = words.map((word) => resolve(word))
  if (roots.length === 0) throw usageError(`${PROGRAM}: name the directory to serve`)
  if (isSecure && roots.length > 1) throw usageError(`${PROGRAM}: -s takes exactly one directory`)
  const isStandalone = !has('systemd') && (has('listen') || has('foreground') || has('address'))
  const values: Record<string, Value> = {
    'log-format': has('stderr') ? 'pretty' : 'syslog',
    'log-level': levelOf(last('verbosity'), all('verbose').length),
    uploads: has('create') ? 'overwrite' : 'existing',
    ...(has('permissive') ? {} : { 'public-only': true }),
    ...(isStandalone ? addressOf(all('address'), last('service'), has('ipv4'), has('ipv6')) : {}),
    ...(isStandalone && has('pidfile') ? { pidfile: resolve(last('pidfile') as string) } : {}),
    ...(isStandalone ? {} : idleOf(last('timeout'))),
    ...umaskOf(last('umask'), has('permissive')),
    ...userOf(last('user'), uid),
  }
  const refused = all('refuse').map((option) => option.toLowerCase())
  for (const option of refused)
    if (!REFUSABLE.includes(option)) throw usageError(`${PROGRAM}: unknown option to refuse: ${option}`)
  if (refused.length > 0) values.refuse = refused
  if (has('blocksize')) values['max-blksize'] = numberOf('-B', last('blocksize'), 512, 65_464)
  if (has('windowsize')) values['max-windowsize'] = Math.max(1, numberOf('-W', last('windowsize'), 0, 65_535))
  const windowBytes = has('window-bytes') ? numberOf('--window-bytes', last('window-bytes'), 0, 1_000_000_000) : 0
  // Windows of less than a block are lock-step, and 0 sets no limit.
  if (windowBytes > 0) values['max-window-bytes'] = Math.max(MIN_WINDOW_BYTES, windowBytes)
  if (has('retransmit')) {
    values.rto = Math.min(MAX_RTO_MS, numberOf('-T', last('retransmit'), 10_000, 255_000_000) / 1000)
  }
  const range = last('port-range')
  if (range !== undefined) {
    if (portRangeOf(range) === undefined) throw usageError(`${PROGRAM}: -R takes two ports, such as 50000:50999`)
    values['port-range'] = range
  }
  if (has('allow')) values.allow = all('allow')
  const map = last('map-file')
  if (map !== undefined) values.map = resolve(map)
  if (!isSecure && map !== undefined) {
    throw usageError(
      `${PROGRAM}: -m works together with -s here: add -s, and leave the directory out of the names that rules make`,
    )
  }
  if (isSecure) values.path = roots[0] as string
  return {
    program: PROGRAM,
    values,
    content: isSecure ? undefined : absoluteNames(roots),
    isStandalone,
    isDaemon: isStandalone && !has('foreground'),
    remarks: stepsRemark(last('map-steps')),
  }
}

/**
 * Without -s a name is a whole path, which must begin with one of the directories. They are served from the folder that has all of them,
 * and rules of the map language (remap/) refuse other names.
 */
function absoluteNames(roots: readonly string[]): ContentSpec {
  const root = commonFolder(roots)
  const inside = roots.map((one) => `^${escaped(one === '/' ? '' : one)}/`).join('|')
  const text = `~a (${inside})\nr ^${escaped(root === '/' ? '' : root)}/+\n`
  return { type: 'path', path: root, names: { map: { file: `the directories of ${PROGRAM}`, text } } }
}

/** The last folder that has all of `paths` below it, or is the only one. */
function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split('/').filter((part) => part !== ''))
  let length = first.length
  for (const parts of others) {
    let same = 0
    while (same < length && parts[same] === first[same]) same++
    length = same
  }
  return `/${first.slice(0, length).join('/')}`
}

/** For a POSIX extended regular expression on a line of words. */
function escaped(text: string): string {
  return text.replace(/[\\^$.[\]|()*+?{}#]/g, '\\$&').replaceAll(' ', '\\ ')
}

function addressOf(
  addresses: readonly string[],
  service: string | undefined,
  isFour: boolean,
  isSix: boolean,
): Record<string, Value> {
  const parsed = addresses.map((text) => splitAddress(text))
  const hosts = parsed.map(({ host }) => host).filter((host) => host !== '')
  const ports = new Set(parsed.flatMap(({ port }) => (port === undefined ? [] : [port])))
  if (ports.size > 1) throw usageError(`${PROGRAM}: all addresses (-a) must have the same port`)
  const any = isFour === isSix ? [] : [isFour ? '0.0.0.0' : '::']
  const host = hosts.length > 0 ? hosts : any
  const port = [...ports][0] ?? (service === undefined ? 69 : portOf(service))
  return { ...(host.length === 0 ? {} : { host }), port }
}

/** `[address][:port]`, IPv6 in brackets. */
function splitAddress(text: string): { host: string; port: number | undefined } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?$/.exec(text)
  if (match === null) throw usageError(`${PROGRAM}: -a ${text} is no [address][:port]; IPv6 needs brackets`)
  const [, six, four = '', port] = match
  return { host: six ?? four, port: port === undefined || port === '' ? undefined : portOf(port) }
}

function portOf(text: string): number {
  if (text === 'tftp') return 69
  return numberOf('the port', text, 0, 65_535)
}

function numberOf(flag: string, text: string | undefined, min: number, max: number): number {
  return optionNumber(`${PROGRAM}: ${flag}`, text, min, max)
}

function idleOf(seconds: string | undefined): Record<string, Value> {
  const value = seconds === undefined ? IDLE_SECONDS : numberOf('-t', seconds, 0, 1_000_000)
  return value === 0 ? {} : { 'exit-idle': value }
}

/** Without -U every user may read and write what is stored, with -p alone it is as this process has it. */
function umaskOf(umask: string | undefined, isPermissive: boolean): Record<string, Value> {
  if (umask === undefined) return isPermissive ? {} : { umask: '000' }
  if (!/^[0-7]{1,4}$/.test(umask))
    throw usageError(`${PROGRAM}: -U takes permissions in octal, such as 022, not ${umask}`)
  return { umask: umask.slice(-3).padStart(3, '0') }
}

function userOf(user: string | undefined, uid: number | undefined): Record<string, Value> {
  if (user !== undefined) return { user }
  return uid === 0 ? { user: DEFAULT_USER } : {}
}

/** The bound is on what a request may cost, and no flag lifts it. */
function stepsRemark(steps: string | undefined): string[] {
  if (steps === undefined || numberOf('--map-steps', steps, 1, 1_000_000_000) === MAP_STEPS) return []
  return [`--map-steps has no effect: a request may take ${MAP_STEPS} steps`]
}

function levelOf(verbosity: string | undefined, count: number): string {
  const level = verbosity === undefined ? count : numberOf('--verbosity', verbosity, 0, 100)
  return level === 0 ? 'warn' : level < 3 ? 'info' : 'debug'
}
