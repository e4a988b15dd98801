/**
 * Which kinds of device a request fits, and why. Each sign counts in bits: how much more probable it is from this kind of device than
 * from one that no profile knows. The sum of a profile's bits against those of all others is its confidence, so profiles
 * that send the same request share it until something else tells them apart.
 */
import type { Behaviour } from './behaviour.ts'
import { escapeText } from '../packet/index.ts'
import type { RequestFingerprint } from './fingerprint.ts'
import { fitsPattern, literalLength } from './name-pattern.ts'
import { type OptionForm, SELDOM_BITS, valueCost } from './option-form.ts'
import type { PortHabit } from './ports.ts'
import type { FileForm, Profile, RequestForm } from './profile.ts'

/** What is seen of a device. Only the request is always there. */
export interface Seen {
  readonly request: RequestFingerprint
  readonly ports?: PortHabit
  /** See vendor.ts. */
  readonly vendor?: string
  readonly behaviour?: Behaviour
}

export interface Reason {
  /** One line, safe to print. */
  readonly text: string
  readonly bits: number
}

export interface Match {
  readonly profile: Profile
  /** 0 to 1. What all matches lack to 1 is the chance that it is none of them. */
  readonly confidence: number
  readonly bits: number
  /** The heaviest first. */
  readonly reasons: readonly Reason[]
}

/** Weights in bits. Each says how much rarer the sign is among devices that no profile knows. */
const BITS = {
  /** A request without options: every fourth. */
  noOptions: 2,
  /** That a request has options at all, and each of them with the value that a profile names. */
  someOptions: 3,
  perOption: 2,
  otherOptions: -8,
  otherMode: -8,
  otherSpelling: -3,
  rareSpelling: 3,
  slash: 2,
  otherSlash: -3,
  otherName: -8,
  longestName: 8,
  commonName: 2,
  narrowestPorts: 6,
  otherPorts: -4,
  vendor: 3,
  otherVendor: -3,
  sameBehaviour: 2,
  otherBehaviour: -6,
} as const

const PORTS = 65_536 - 1024
/** Timers this close are the same: a busy device answers late. */
const SAME_TIMER = 0.2

/**
 * The profiles that explain what is seen at least as well as an unknown device would, the best first; the name decides between equals.
 * A device that waits to be pushed to sends no requests, so such profiles never match.
 */
export function matchProfiles(seen: Seen, profiles: readonly Profile[]): Match[] {
  const scored = profiles.flatMap((profile) => {
    const reasons = reasonsFor(seen, profile)
    return reasons === undefined ? [] : [{ profile, reasons, bits: sum(reasons) }]
  })
  const whole = scored.reduce((total, { bits }) => total + 2 ** bits, 1)
  return scored
    .filter(({ bits }) => bits >= 0)
    .map(({ profile, reasons, bits }) => ({
      profile,
      confidence: 2 ** bits / whole,
      bits,
      reasons: reasons.sort(byWeight),
    }))
    .sort((a, b) => b.bits - a.bits || a.profile.name.localeCompare(b.profile.name))
}

/** Undefined for a profile that such a request cannot come from. */
function reasonsFor(seen: Seen, profile: Profile): Reason[] | undefined {
  if (profile.direction === 'waits') return undefined
  const names = nameReasons(seen.request.filename, profile)
  const forms = profile.requests.filter(({ direction }) => direction === seen.request.direction)
  // Where no request is known, the name alone can tell.
  if (forms.length === 0 && (profile.requests.length > 0 || names.length === 0)) return undefined
  const byForm = forms.map((form) => requestReasons(seen.request, form)).sort((a, b) => sum(b) - sum(a))
  return [
    ...(byForm[0] ?? []),
    ...names,
    ...portReasons(seen.ports, profile),
    ...vendorReasons(seen.vendor, profile),
    ...behaviourReasons(seen.behaviour, profile.behaviour),
  ]
}

function requestReasons(request: RequestFingerprint, form: RequestForm): Reason[] {
  return [...optionReasons(request, form), ...modeReasons(request.mode, form.mode), ...slashReasons(request, form)]
}

function optionReasons({ options }: RequestFingerprint, form: RequestForm): Reason[] {
  const cost = costOf(options, form.options)
  const names = escapeText(options.map(({ name }) => name).join(','))
  if (cost === undefined) {
    const text = options.length === 0 ? 'it always sends options' : `it does not send the options ${names} like this`
    return [{ text, bits: BITS.otherOptions }]
  }
  if (options.length === 0) return [{ text: 'no options', bits: BITS.noOptions - cost }]
  const written = escapeText(options.map(({ name, value }) => `${name}=${value}`).join(' '))
  // In how many orders they could stand.
  const orders = options.reduce((bits, _option, index) => bits + Math.log2(index + 1), 0)
  const bits = BITS.someOptions + BITS.perOption * options.length + orders - cost
  const spelt = options.every(({ name }) => isSpeltAs(form.options, name))
  return [
    { text: options.length === 1 ? `the option ${written}` : `the options ${written}, in this order`, bits },
    ...(spelt ? [] : [{ text: `options spelt ${names}`, bits: BITS.otherSpelling }]),
  ]
}

/** Bits that these options cost under the form: nothing when each is as expected. Undefined when the form does not allow them. */
function costOf(options: RequestFingerprint['options'], forms: readonly OptionForm[]): number | undefined {
  let cost = 0
  let next = 0
  for (const form of forms) {
    const option = options.at(next)
    if (option !== undefined && sameName(option.name, form.name)) {
      const value = valueCost(form, option.value)
      if (value === undefined) return undefined
      cost += value + (form.seldom ? SELDOM_BITS : 0)
      next++
    } else if (!form.seldom) return undefined
  }
  return next === options.length ? cost : undefined
}

function isSpeltAs(forms: readonly OptionForm[], name: string): boolean {
  return forms.some((form) => form.name === name)
}

/** RFC 2347: case does not matter. */
function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function modeReasons(mode: string, usual: string): Reason[] {
  const shown = escapeText(mode)
  if (mode === usual) {
    return mode === mode.toLowerCase() ? [] : [{ text: `mode spelt ${shown}`, bits: BITS.rareSpelling }]
  }
  if (sameName(mode, usual)) return [{ text: `mode spelt ${shown} instead of ${usual}`, bits: BITS.otherSpelling }]
  return [{ text: `mode ${shown} instead of ${usual}`, bits: BITS.otherMode }]
}

function slashReasons({ filename }: RequestFingerprint, { slash }: RequestForm): Reason[] {
  const has = filename.startsWith('/')
  if (slash === undefined || (!has && !slash)) return []
  if (has && slash) return [{ text: 'the name begins with a slash', bits: BITS.slash }]
  return [
    { text: has ? 'the name begins with a slash' : 'the name does not begin with a slash', bits: BITS.otherSlash },
  ]
}

function nameReasons(filename: string, { files, filesOnly }: Profile): Reason[] {
  const fits = files.filter(({ name }) => fitsPattern(name, filename))
  const [best] = fits.sort((a, b) => nameBits(b) - nameBits(a))
  if (best !== undefined) return [{ text: `the name is one that it asks for: ${best.name}`, bits: nameBits(best) }]
  return filesOnly ? [{ text: 'it asks for other names', bits: BITS.otherName }] : []
}

function nameBits({ name, common }: FileForm): number {
  return common ? BITS.commonName : Math.min(BITS.longestName, BITS.commonName + literalLength(name) / 2)
}

function portReasons(seen: PortHabit | undefined, { ports }: Profile): Reason[] {
  if (seen === undefined || ports === undefined) return []
  const shown = seen.lowest === seen.highest ? String(seen.lowest) : `${seen.lowest} to ${seen.highest}`
  const known = ports.from === ports.to ? String(ports.from) : `${ports.from} to ${ports.to}`
  const isInside = seen.lowest >= ports.from && seen.highest <= ports.to
  const range = Math.log2(PORTS / (ports.to - ports.from + 1))
  return [
    isInside
      ? {
          text: `asks from port ${shown}, as it does: ${known}`,
          bits: Math.max(0, Math.min(BITS.narrowestPorts, range)),
        }
      : { text: `asks from port ${shown}, and it uses ${known}`, bits: BITS.otherPorts },
    ...agreement(
      'the port of its next request',
      seen.successive,
      ports.successive === 'any' ? undefined : ports.successive,
    ),
    ...agreement('the port of a repeated request', seen.repeats, ports.repeats),
  ]
}

function vendorReasons(vendor: string | undefined, { vendors }: Profile): Reason[] {
  if (vendor === undefined || vendors.length === 0) return []
  if (vendors.includes(vendor)) return [{ text: `its network card is made by ${vendor}`, bits: BITS.vendor }]
  return [{ text: `its network card is made by ${vendor}, not by ${vendors.join(' or ')}`, bits: BITS.otherVendor }]
}

const BEHAVIOUR_WORDS = {
  order: 'what its ACK proves',
  repeat: 'a repeated block',
  ahead: 'a block ahead',
  timeouts: 'timeouts until it gives up',
  timeoutsOf: 'which timeouts count',
  givesUp: 'what it does then',
} as const

function behaviourReasons(seen: Behaviour | undefined, known: Behaviour | undefined): Reason[] {
  if (seen === undefined || known === undefined) return []
  const keys = Object.keys(BEHAVIOUR_WORDS) as (keyof typeof BEHAVIOUR_WORDS)[]
  return [
    ...keys.flatMap((key) => agreement(BEHAVIOUR_WORDS[key], seen[key], known[key])),
    ...timerReasons(seen, known),
  ]
}

function timerReasons({ timerMs: seen }: Behaviour, { timerMs: known }: Behaviour): Reason[] {
  if (seen === undefined || known === undefined) return []
  const same = Math.abs(seen - known) <= SAME_TIMER * Math.max(seen, known)
  return agreement('its own timer in ms', same ? known : seen, known)
}

/** Undefined says nothing. */
function agreement(what: string, seen: string | number | undefined, known: string | number | undefined): Reason[] {
  if (seen === undefined || known === undefined) return []
  if (seen === known) return [{ text: `${what}: ${known}`, bits: BITS.sameBehaviour }]
  return [{ text: `${what}: ${seen}, and it has ${known}`, bits: BITS.otherBehaviour }]
}

function sum(reasons: readonly Reason[]): number {
  return reasons.reduce((total, { bits }) => total + bits, 0)
}

function byWeight(a: Reason, b: Reason): number {
  return Math.abs(b.bits) - Math.abs(a.bits)
}
