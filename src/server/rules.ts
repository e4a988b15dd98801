/**
 * Who may do what, and how each client is served: rules as plain data, from the top down. The first one whose conditions all hold decides
 * alone; what it does not say is as the rest of the configuration has it.
 */
import { didYouMean } from '../lab/device/nearest.ts'
import { ForesendError } from '../error.ts'
import { quoted } from '../content/errors.ts'
import type { Peer } from '../endpoint/contract.ts'
import { SERVE_LIMITS } from '../endpoint/limits.ts'
import { OPCODE, type Request, WIRE_ERROR } from '../packet/index.ts'
import { matchProfiles } from '../profile/match.ts'
import type { Profile } from '../profile/profile.ts'
import { DEFAULT_BLKSIZE, type Limits, MIN_BLKSIZE } from '../transfer/negotiate.ts'
import type { PolicyOptions } from '../transfer/policy/choose.ts'
import type { Rule, ServerConfig } from './contract.ts'
import { fitsName } from './name-glob.ts'
import { isMac, Networks } from './networks.ts'

/** What a rule, or the configuration where none decides, means for a transfer. */
export interface Service {
  readonly allowed: boolean
  /** What refused it, for a person: `rule 2`. */
  readonly by: string
  readonly limits: Limits
  readonly policy: PolicyOptions
  /** Of one transfer; undefined without a limit. */
  readonly bytesPerSec: number | undefined
}

/** A transfer as rules see it. */
export interface Asking {
  readonly peer: Peer
  readonly request: Request
}

/** What rules need to know of a client. */
export interface Known {
  /** The MAC address behind an address of this network, where the system shows it. */
  macOf(address: string): string | undefined
  /** Kinds of devices, for rules that name one; `state` is the folder with the user's own. */
  profiles(state: string | undefined): readonly Profile[]
}

/** The largest window is what leaves in this time where bytes are limited: waiting for the next one must not look like silence. */
const WINDOW_SECONDS = 0.25

interface Compiled {
  readonly rule: Rule
  readonly networks: Networks | undefined
  readonly macs: ReadonlySet<string>
  readonly service: Service
}

export class Rules {
  readonly #rules: readonly Compiled[]
  readonly #default: Service
  readonly #known: Known
  /** Empty unless a rule names a profile. */
  readonly #profiles: readonly Profile[]

  /** Throws ERR_TFTP_USAGE for a profile that is not there. */
  constructor(config: ServerConfig, known: Known) {
    const rules = config.rules ?? []
    this.#known = known
    this.#default = serviceOf({}, config, '')
    this.#rules = rules.map((rule, index) => compile(rule, config, index))
    this.#profiles = rules.some(({ profile }) => profile !== undefined) ? known.profiles(config.state) : []
    for (const { profile } of rules) if (profile !== undefined) requireProfile(profile, this.#profiles)
  }

  /**
   * Throws ERR_TFTP_ACCESS where a request is refused whatever file it gets: nothing is opened then, and its client does not learn which
   * files there are.
   */
  requireClient(asking: Asking): void {
    for (const compiled of this.#rules) {
      if (!this.#fitsClient(compiled, asking)) continue
      // The name that it asks for may be rewritten: which rule decides is known when the file is.
      if (compiled.rule.files === undefined && !compiled.service.allowed) throw refused(asking, compiled.service.by)
      return
    }
  }

  /** How the file `served` goes to a client, or comes from it. Throws ERR_TFTP_ACCESS where that is refused. */
  serviceFor(asking: Asking, served: string): Service {
    const found = this.#rules.find(
      (compiled) => this.#fitsClient(compiled, asking) && fitsFile(compiled.rule.files, served),
    )
    if (found === undefined) return this.#default
    if (!found.service.allowed) throw refused(asking, found.service.by)
    return found.service
  }

  #fitsClient({ rule, networks, macs }: Compiled, { peer, request }: Asking): boolean {
    if (rule.direction !== undefined && rule.direction !== directionOf(request)) return false
    if (networks !== undefined && !networks.has(peer.address)) {
      const mac = macs.size > 0 && peer.near ? this.#known.macOf(peer.address) : undefined
      if (mac === undefined || !macs.has(mac)) return false
    }
    return rule.profile === undefined || this.#fitsProfile(rule.profile, request)
  }

  #fitsProfile(name: string, request: Request): boolean {
    const { filename, mode, options } = request
    const seen = { request: { direction: directionOf(request), filename, mode, options } }
    const matches = matchProfiles(seen, this.#profiles)
    const named = matches.find(({ profile }) => profile.name === name)
    // Kinds that send the same request are level: the rule is for each of them.
    return named !== undefined && named.bits === matches[0].bits
  }
}

function compile(rule: Rule, config: ServerConfig, index: number): Compiled {
  const clients = rule.clients ?? []
  const macs = clients.filter(isMac)
  return {
    rule,
    networks: rule.clients === undefined ? undefined : new Networks(clients.filter((client) => !isMac(client))),
    macs: new Set(macs.map(plainMac)),
    service: serviceOf(rule, config, `rule ${index + 1}`),
  }
}

function serviceOf(rule: Rule, config: ServerConfig, by: string): Service {
  const { window, anticipationBytes } =
    rule.window === undefined && rule.anticipationBytes === undefined ? config : rule
  const bytesPerSec = least(rule.bytesPerSec, config.bytesPerSec, config.bytesPerSecPerAddress)
  const windowBytes =
    bytesPerSec === undefined ? Infinity : Math.max(MIN_BLKSIZE, Math.floor(bytesPerSec * WINDOW_SECONDS))
  return {
    allowed: rule.allow ?? true,
    by,
    limits: {
      maxBlksize: Math.min(
        rule.maxBlksize ?? config.maxBlksize ?? SERVE_LIMITS.maxBlksize,
        Math.max(DEFAULT_BLKSIZE, windowBytes),
      ),
      maxWindowsize: rule.maxWindowsize ?? config.maxWindowsize ?? SERVE_LIMITS.maxWindowsize,
      maxWindowBytes: Math.min(SERVE_LIMITS.maxWindowBytes, config.maxWindowBytes ?? Infinity, windowBytes),
      refuse: new Set(rule.refuse ?? config.refuse ?? []),
      rollover: config.rollover,
    },
    policy: {
      window: window ?? 'auto',
      anticipationBytes,
      copies: rule.copies ?? config.copies,
      gapMs: rule.gapMs ?? config.gapMs,
      rtoMs: rule.rtoMs ?? config.rtoMs,
    },
    bytesPerSec: rule.bytesPerSec,
  }
}

function fitsFile(patterns: readonly string[] | undefined, served: string): boolean {
  return patterns === undefined || patterns.some((pattern) => fitsName(pattern, served))
}

function directionOf({ opcode }: Request): 'read' | 'write' {
  return opcode === OPCODE.rrq ? 'read' : 'write'
}

function requireProfile(name: string, profiles: readonly Profile[]): void {
  const names = profiles.map((profile) => profile.name)
  if (names.includes(name)) return
  throw new ForesendError(
    'ERR_TFTP_USAGE',
    `a rule names an unknown profile ${quoted(name)}${didYouMean(name, names)}`,
    {
      fault: 'local',
    },
  )
}

function refused({ peer, request }: Asking, by: string): ForesendError {
  const what = directionOf(request) === 'read' ? 'reading' : 'writing'
  const message = `${what} ${quoted(request.filename)} is not allowed to ${peer.address} by ${by}; change the rule to allow it`
  return new ForesendError('ERR_TFTP_ACCESS', message, { fault: 'local', wireCode: WIRE_ERROR.access })
}

function plainMac(text: string): string {
  return text.toLowerCase().replaceAll('-', ':')
}

function least(...numbers: readonly (number | undefined)[]): number | undefined {
  const given = numbers.filter((number) => number !== undefined)
  return given.length === 0 ? undefined : Math.min(...given)
}
