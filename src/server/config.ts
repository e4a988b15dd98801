/** Checks what a user wrote, once, and fills in what was left out. Every way to configure a server ends here. */
import { isIP } from 'node:net'
import * as v from 'valibot'
import { ForesendError } from '../error.ts'
import { groupAddressesOf, groupPortsOf } from '../io/group-range.ts'
import { portRangeOf } from '../io/port-range.ts'
import { MAX_BLKSIZE, MAX_WINDOWSIZE, MIN_BLKSIZE } from '../transfer/negotiate.ts'
import { OPTIONS } from '../transfer/options.ts'
import type { Rule, ServerConfig, ServerConfigInput } from './contract.ts'
import { clipped, CONTENT, quoted, withContent } from './content-config.ts'
import { isMac, isNetwork } from './networks.ts'

/** Above this a window that was not negotiated only overruns receive rings. */
export const MAX_WINDOW_BLOCKS = 64
/** No machine has that many cores to give; each worker costs some 15 MB. */
export const MAX_WORKERS = 64
/** Tftpd64's field takes a few kilobytes; more than this is a mistake in the unit. */
export const MAX_ANTICIPATION_BYTES = 1_000_000
const MAX_COPIES = 8
const MAX_GAP_MS = 1000
const MAX_RTO_MS = 60_000
const MAX_TRANSFERS = 1_000_000
const MAX_DESCRIPTOR = 1_000_000
/** 65535 blocks of 65464 bytes. */
const MAX_WINDOW_BYTES = 2 ** 32
const MAX_REQUESTS_PER_SEC = 1_000_000
/** A block of 512 bytes each eighth of a second: slower ones look like a dead server to a client. */
const MIN_BYTES_PER_SEC = 4096
const MAX_BYTES_PER_SEC = 1e12
/** A folder with more files is slow to look through. */
export const MAX_RECORD_FILES = 100_000
/** Some ten million packets: Wireshark takes minutes to open more. */
export const MAX_RECORD_MIB = 1024

const path = v.pipe(v.string(), v.minLength(1, 'a path'))
const flag = v.optional(v.boolean('true or false'), false)

const whole = (min: number, max: number) =>
  v.pipe(
    v.number(`a whole number from ${min} to ${max}`),
    v.check((value) => Number.isInteger(value) && value >= min && value <= max, `a whole number from ${min} to ${max}`),
  )

const decimal = (min: number, max: number) =>
  v.pipe(
    v.number(`a number from ${min} to ${max}`),
    v.check((value) => value >= min && value <= max, `a number from ${min} to ${max}`),
  )

/** One of `words`, or a whole number from 1 to `max`. */
const wordOrWhole = (words: readonly string[], max: number, allowed: string) =>
  v.custom<string | number>(
    (value) =>
      typeof value === 'string'
        ? words.includes(value)
        : Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max,
    allowed,
  )

/** The options that can be refused: those that are known. */
export const REFUSABLE: readonly string[] = [...OPTIONS.keys()]

const networks = v.array(v.pipe(v.string(), v.check(isNetwork, 'an address and a length, such as 203.0.113.0/24')))
const window = wordOrWhole(
  ['auto', 'strict'],
  MAX_WINDOW_BLOCKS,
  `auto, strict, or blocks on the way: 1 to ${MAX_WINDOW_BLOCKS}`,
)
const refuse = v.array(v.picklist(REFUSABLE, `names of options: ${REFUSABLE.join(', ')}`))

/** How a client is served, alike in a rule and for all. */
const service = {
  refuse: v.optional(refuse),
  maxBlksize: v.optional(whole(MIN_BLKSIZE, MAX_BLKSIZE)),
  maxWindowsize: v.optional(whole(1, MAX_WINDOWSIZE)),
  anticipationBytes: v.optional(whole(0, MAX_ANTICIPATION_BYTES)),
  copies: v.optional(whole(1, MAX_COPIES)),
  gapMs: v.optional(decimal(0, MAX_GAP_MS)),
  rtoMs: v.optional(decimal(1, MAX_RTO_MS)),
  bytesPerSec: v.optional(whole(MIN_BYTES_PER_SEC, MAX_BYTES_PER_SEC)),
}

const RULE = v.strictObject({
  clients: v.optional(
    v.array(
      v.pipe(
        v.string(),
        v.check(
          (text) => isMac(text) || isNetwork(text),
          'a network such as 192.168.1.0/24, an address, or a MAC address',
        ),
      ),
    ),
  ),
  files: v.optional(v.array(v.pipe(v.string(), v.minLength(1, 'a pattern such as *.cfg')))),
  direction: v.optional(v.picklist(['read', 'write'], 'read or write')),
  profile: v.optional(v.string('the name of a profile')),
  allow: v.optional(v.boolean('true or false')),
  window: v.optional(window),
  ...service,
})

const SCHEMA = v.strictObject({
  content: CONTENT,
  hosts: v.optional(
    v.array(
      v.pipe(
        v.string(),
        v.check((host) => isIP(host) !== 0, "an IP address of this machine's, or nothing for all of them"),
      ),
    ),
    [],
  ),
  port: v.optional(whole(0, 65_535), 69),
  sockets: v.optional(v.array(whole(3, MAX_DESCRIPTOR))),
  window: v.optional(window, 'auto'),
  ...service,
  driver: v.optional(v.picklist(['auto', 'dgram', 'batch'], 'auto, dgram or batch'), 'auto'),
  workers: v.optional(wordOrWhole(['auto'], MAX_WORKERS, `auto, or threads: 1 to ${MAX_WORKERS}`), 'auto'),
  writable: flag,
  overwrite: flag,
  singlePort: flag,
  allow: v.optional(networks, []),
  deny: v.optional(networks),
  rules: v.optional(v.array(RULE)),
  rollover: v.optional(v.picklist(['any', 'none', 0, 1], 'any, none, 0 or 1')),
  portRange: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => portRangeOf(text) !== undefined, 'FIRST:LAST, two ports from 1 to 65535'),
    ),
  ),
  maxWindowBytes: v.optional(whole(MIN_BLKSIZE, MAX_WINDOW_BYTES)),
  multicast: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => groupAddressesOf(text) !== undefined, 'multicast addresses such as 239.255.0.0-255'),
    ),
  ),
  multicastPorts: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => groupPortsOf(text) !== undefined, 'ports such as 1758 or 1758-1761,8000'),
    ),
  ),
  multicastTtl: v.optional(whole(1, 255)),
  multicastSwitch: v.optional(v.boolean('true or false')),
  requestsPerSec: v.optional(decimal(0.1, MAX_REQUESTS_PER_SEC)),
  requestsPerSecPerAddress: v.optional(decimal(0.1, MAX_REQUESTS_PER_SEC)),
  bytesPerSecPerAddress: v.optional(whole(MIN_BYTES_PER_SEC, MAX_BYTES_PER_SEC)),
  state: v.optional(path),
  record: v.optional(path),
  recordFailed: v.optional(v.boolean('true or false')),
  recordFiles: v.optional(whole(1, MAX_RECORD_FILES)),
  recordMib: v.optional(whole(1, MAX_RECORD_MIB)),
  maxTransfers: v.optional(whole(1, MAX_TRANSFERS)),
  maxTransfersPerAddress: v.optional(whole(1, MAX_TRANSFERS)),
})

/** The members of a configuration and of a rule, for whatever must offer all of them. */
export const RULE_KEYS = Object.keys(RULE.entries) as readonly (keyof Rule)[]
export const CONFIG_KEYS = Object.keys(SCHEMA.entries) as readonly (keyof ServerConfig)[]

/** What is wrong when two settings stand beside each other; undefined when they may. */
function contradiction(config: ServerConfig): string | undefined {
  if (config.overwrite && !config.writable) {
    return '--overwrite replaces files only where uploads are allowed: add --writable, or leave --overwrite out'
  }
  if (config.recordFailed === true && config.record === undefined) {
    return '--record-failed says which transfers are recorded: add --record DIR, or leave it out'
  }
  if (
    config.multicast === undefined &&
    (config.multicastPorts ?? config.multicastTtl ?? config.multicastSwitch) !== undefined
  ) {
    return '--multicast-ports, --multicast-ttl and --multicast-switch need --multicast: add it, such as --multicast 239.255.0.0-255'
  }
  if (config.multicast !== undefined && config.workers !== 'auto' && config.workers > 1) {
    return '--multicast serves from one thread, as clients of one file must meet there: leave --workers out, or give it 1'
  }
  const { window, anticipationBytes, copies, gapMs, rtoMs } = config
  if (anticipationBytes !== undefined && window !== 'auto') {
    return '--window and --anticipation set the same thing in different units: give only one of them'
  }
  if (window === 'strict' && (copies ?? gapMs ?? rtoMs) !== undefined) {
    return '--window strict follows RFC 1350 to the letter: leave out --copies, --gap and --rto, or the strict'
  }
  return undefined
}

/** Throws ERR_TFTP_USAGE: the key, what was given, and what is allowed. */
export function parseConfig(input: ServerConfigInput): ServerConfig {
  const parsed = v.safeParse(SCHEMA, withContent(input))
  if (!parsed.success) throw usage(reasonOf(parsed.issues[0]))
  const config = parsed.output as ServerConfig
  const reason = contradiction(config)
  if (reason !== undefined) throw usage(reason)
  return config
}

/** What keeps its value while a server runs, with the name that a user knows it by. */
const FIXED = {
  sockets: 'the sockets that were handed in',
  portRange: '--port-range',
  hosts: '--host',
  port: '--port',
  driver: '--driver',
  workers: '--workers',
  singlePort: '--single-port',
  multicast: '--multicast',
  multicastPorts: '--multicast-ports',
  multicastTtl: '--multicast-ttl',
  multicastSwitch: '--multicast-switch',
  record: '--record',
  recordFailed: '--record-failed',
  recordFiles: '--record-files',
  recordMib: '--record-mib',
  maxTransfers: '--max-transfers',
  maxTransfersPerAddress: '--max-transfers-per-address',
} as const satisfies Partial<Record<keyof ServerConfig, string>>

/** Throws ERR_TFTP_USAGE when `after` differs from `before` in what cannot change while the server runs. */
export function requireSameFixed(before: ServerConfig, after: ServerConfig): void {
  for (const [key, name] of Object.entries(FIXED) as [keyof typeof FIXED, string][]) {
    if (JSON.stringify(before[key]) === JSON.stringify(after[key])) continue
    throw usage(`${name} cannot change while the server runs: start it anew for that, or leave it as it was`)
  }
}

function reasonOf(issue: v.BaseIssue<unknown>): string {
  const key = issue.path?.map((item) => String(item.key)).join('.') ?? 'the configuration'
  if (issue.expected === 'never') return `${key} is no setting of a server: leave it out, or look for its right name`
  if (issue.input === undefined && key === 'content') return 'content is missing: name a folder or a file to serve'
  return `${nameOf(key)} ${shown(issue.input)} is not right: it takes ${issue.message}`
}

/** The flag that sets `key`, where a user of the command line knows it by that. */
function nameOf(key: string): string {
  const [first, ...rest] = key.split('.')
  const flags: Readonly<Record<string, string>> = {
    ...FIXED,
    allow: '--allow',
    window: '--window',
    maxWindowBytes: '--max-window-bytes',
  }
  if (key === 'content.path') return 'the folder or file to serve,'
  const name = flags[first]
  return name === undefined ? key : rest.length === 0 || name.startsWith('--') ? name : key
}

function shown(value: unknown): string {
  return typeof value === 'string' && value !== '' ? clipped(value) : quoted(value)
}

function usage(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
