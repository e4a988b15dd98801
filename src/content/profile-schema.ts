/**
 * The text of a profile file: TOML, checked once, and written again. docs/profiles.md describes it. Of a mistake the message says where it is
 * and what is allowed there.
 */
import { isIP } from 'node:net'
import { parse, stringify, TomlError } from 'smol-toml'
import * as v from 'valibot'
import { ForesendError } from '../error.ts'
import { AHEADS, GIVES_UP, ORDERS, REPEATS, TIMEOUTS_OF } from '../profile/behaviour.ts'
import { isPattern, PATTERN_HINT } from '../profile/name-pattern.ts'
import { OPTION_FORM_HINT, optionFormText, parseOptionForm } from '../profile/option-form.ts'
import { PROFILE_KINDS, type Profile } from '../profile/profile.ts'
import type { Vendor } from '../profile/vendor.ts'

/** Longer texts belong into a document that the profile names as its source. */
const MAX_TEXT = 600
const MAX_LIST = 64
const MAX_MS = 3_600_000
const NAME = /^[a-z0-9][a-z0-9.-]{0,63}$/
/** What a profile is called, for messages. */
export const PROFILE_NAME_HINT = 'lower case letters, digits, dots and dashes, 64 at most'

export function isProfileName(name: string): boolean {
  return NAME.test(name)
}

const text = v.pipe(
  v.string('a text'),
  v.check(
    (s) => s.length > 0 && s.length <= MAX_TEXT && !/[\p{C}\p{Zl}\p{Zp}]/u.test(s),
    `one line of 1 to ${MAX_TEXT} printable characters`,
  ),
)
const whole = (min: number, max: number) =>
  v.pipe(
    v.number(`a whole number from ${min} to ${max}`),
    v.check((n) => Number.isInteger(n) && n >= min && n <= max, `a whole number from ${min} to ${max}`),
  )
const oneOf = <const T extends readonly string[]>(words: T) => v.picklist(words, words.join(', '))
const list = <T extends v.GenericSchema>(item: T) =>
  v.pipe(v.array(item, 'a list'), v.maxLength(MAX_LIST, `a list of ${MAX_LIST} at most`))
const flag = v.boolean('true or false')
const address = v.pipe(
  text,
  v.check((s) => isIP(s) !== 0, 'an IP address'),
)
const source = v.pipe(list(text), v.minLength(1, 'at least one key of [sources]'))
const pattern = v.pipe(text, v.check(isPattern, PATTERN_HINT))
const option = v.pipe(
  text,
  v.check((s) => parseOptionForm(s) !== undefined, OPTION_FORM_HINT),
)
const advice = v.strictObject({ setting: text, why: text, source })

const SCHEMA = v.strictObject({
  name: v.pipe(text, v.check(isProfileName, PROFILE_NAME_HINT)),
  title: text,
  kind: oneOf(PROFILE_KINDS),
  vendors: v.optional(list(text), []),
  direction: v.optional(oneOf(['asks', 'waits']), 'asks'),
  lab: v.optional(list(text), []),
  files_only: v.optional(flag, false),
  sources: v.record(text, text, 'a table of texts'),
  request: v.optional(
    list(
      v.strictObject({
        direction: v.optional(oneOf(['read', 'write']), 'read'),
        mode: v.optional(text, 'octet'),
        options: list(option),
        slash: v.optional(flag),
        source,
      }),
    ),
    [],
  ),
  ports: v.optional(
    v.strictObject({
      from: whole(1, 65_535),
      to: whole(1, 65_535),
      successive: v.optional(oneOf(['same', 'counts', 'any'])),
      repeats: v.optional(oneOf(['same', 'new'])),
      source,
    }),
  ),
  file: v.optional(list(v.strictObject({ name: pattern, common: v.optional(flag, false), about: text, source })), []),
  recovery: v.optional(
    list(v.strictObject({ host: v.optional(address), device: v.optional(address), how: text, source })),
    [],
  ),
  behaviour: v.optional(
    v.strictObject({
      order: v.optional(oneOf(ORDERS)),
      repeat: v.optional(oneOf(REPEATS)),
      ahead: v.optional(oneOf(AHEADS)),
      timer_ms: v.optional(whole(0, MAX_MS)),
      timeouts: v.optional(whole(0, 10_000)),
      timeouts_of: v.optional(oneOf(TIMEOUTS_OF)),
      gives_up: v.optional(oneOf(GIVES_UP)),
      source,
    }),
  ),
  helps: v.optional(list(advice), []),
  harms: v.optional(list(advice), []),
  note: v.optional(list(v.strictObject({ text, source })), []),
})

const VENDORS = v.strictObject({
  source: text,
  vendor: list(
    v.strictObject({
      name: text,
      oui: v.array(
        v.pipe(
          v.string('a text'),
          v.check((s) => /^([0-9a-f]{2}:){2}[0-9a-f]{2}$/.test(s), 'three bytes such as b8:27:eb'),
        ),
        'a list',
      ),
    }),
  ),
})

/** `file` is for the messages. Throws ERR_TFTP_USAGE with where the mistake is and what is allowed. */
export function parseProfile(toml: string, file: string): Profile {
  const data = check(SCHEMA, toml, file)
  const { request, ports, file: files, behaviour, note, files_only: filesOnly, ...rest } = data
  requireSources(data, file)
  if (data.direction === 'asks' && request.length === 0 && files.length === 0) {
    throw usage(file, 'request is missing: a device that asks needs a [[request]] or a [[file]] to be known by')
  }
  if (ports !== undefined && ports.from > ports.to) throw usage(file, 'ports.from is above ports.to: exchange them')
  return {
    ...rest,
    requests: request.map(({ options, slash, ...form }) => ({
      ...form,
      slash,
      options: options.map((one) => parseOptionForm(one)!),
    })),
    ports: ports === undefined ? undefined : { ...ports, successive: ports.successive, repeats: ports.repeats },
    files,
    filesOnly,
    recovery: rest.recovery.map((one) => ({ ...one, host: one.host, device: one.device })),
    behaviour: behaviour === undefined ? undefined : behaviourOf(behaviour),
    notes: note,
  }
}

/** The file that `parseProfile` reads back to the same. */
export function profileText(profile: Profile): string {
  const { requests, files, filesOnly, behaviour, notes, ports, recovery, ...rest } = profile
  const { timerMs, timeoutsOf, givesUp, source, ...others } = behaviour ?? { source: [] }
  const table = {
    ...rest,
    files_only: filesOnly,
    sources: profile.sources,
    request: requests.map(({ options, ...form }) => defined({ ...form, options: options.map(optionFormText) })),
    ports: ports === undefined ? undefined : defined(ports),
    file: files,
    recovery: recovery.map(defined),
    behaviour:
      behaviour === undefined
        ? undefined
        : defined({ ...others, timer_ms: timerMs, timeouts_of: timeoutsOf, gives_up: givesUp, source }),
    note: notes,
  }
  return `${stringify(defined(table))}\n`
}

/** The table of network cards' makers. */
export function parseVendors(toml: string, file: string): readonly Vendor[] {
  return check(VENDORS, toml, file).vendor.map(({ name, oui }) => ({ name, prefixes: oui }))
}

function behaviourOf(table: NonNullable<v.InferOutput<typeof SCHEMA>['behaviour']>): NonNullable<Profile['behaviour']> {
  const { timer_ms: timerMs, timeouts_of: timeoutsOf, gives_up: givesUp, ...rest } = table
  return defined({ ...rest, timerMs, timeoutsOf, givesUp })
}

/** Without keys that stand for nothing: TOML has no word for that. */
function defined<T extends object>(table: T): Defined<T> {
  return Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined)) as Defined<T>
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

function check<T extends v.GenericSchema>(schema: T, toml: string, file: string): v.InferOutput<T> {
  let data: unknown
  try {
    data = parse(toml)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason] = error.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw usage(`${file}:${error.line}`, `this is no TOML: ${reason}`)
  }
  const result = v.safeParse(schema, data, { abortEarly: true })
  if (result.success) return result.output
  throw usage(file, reasonOf(result.issues[0]))
}

function reasonOf(issue: v.BaseIssue<unknown>): string {
  const key = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  const where = key.replace(/^\./, '') || 'the file'
  if (issue.expected === 'never')
    return `${where} is unknown: leave it out, or look for its right name in docs/profiles.md`
  if (issue.input === undefined) return `${where} is missing`
  // A table has no words of its own in the schema, as what is in it has.
  const allowed = issue.expected === 'Object' ? 'a table of keys and values' : issue.message
  return `${where} ${JSON.stringify(issue.input)?.slice(0, 80)} is not right: it takes ${allowed}`
}

/** Every `source` names keys of [sources], and every key is named: a fact without a source cannot be checked. */
function requireSources(data: v.InferOutput<typeof SCHEMA>, file: string): void {
  const facts = [data.request, data.file, data.recovery, data.helps, data.harms, data.note, data.ports, data.behaviour]
  const used = new Set(facts.flat().flatMap((fact) => fact?.source ?? []))
  for (const key of used) {
    if (!Object.hasOwn(data.sources, key)) {
      throw usage(
        file,
        `the source ${JSON.stringify(key)} is not in [sources], which has ${Object.keys(data.sources).join(', ') || 'none'}`,
      )
    }
  }
  const idle = Object.keys(data.sources).find((key) => !used.has(key))
  if (idle !== undefined) throw usage(file, `sources.${idle} is named by no fact: leave it out, or name it in a source`)
}

function usage(file: string, reason: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', `${file}: ${reason}`, { fault: 'local' })
}
