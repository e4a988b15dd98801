/** A profile of what was seen of one device, so that it is known the next time and can be given to others. */
import type { Behaviour, SeenBehaviour } from './behaviour.ts'
import type { RequestFingerprint } from './fingerprint.ts'
import { isPattern, suggestedPattern } from './name-pattern.ts'
import type { OptionForm } from './option-form.ts'
import { type AskedFrom, portHabit } from './ports.ts'
import type { FileForm, Profile, Recovery, RequestForm } from './profile.ts'

/** A request of the device, in the order of time. */
export interface AskedOnce extends AskedFrom {
  readonly request: RequestFingerprint
}

export interface Learnt {
  readonly name: string
  readonly title: string
  readonly asked: readonly AskedOnce[]
  readonly behaviour: SeenBehaviour
  /** The maker of its network card. */
  readonly vendor: string | undefined
  /** Where it was seen, for `sources`. */
  readonly where: string
  /** The machine that it asked, and its own address, where it always had the same. */
  readonly host?: string | undefined
  readonly device?: string | undefined
}

/** Values of one option beyond these say that it may have any. */
const MOST_VALUES = 3
/** A device that asks for more names has no few of its own. */
const MOST_NAMES = 16
const KEY = 'seen'
/** What an option form can write; a device that sends anything else is not known by it. */
const PLAIN_NAME = /^[\w-]{1,32}$/
const PLAIN_VALUE = /^[\w,:-]{0,64}$/

export function learntProfile(learnt: Learnt): Profile {
  const { name, title, asked, behaviour, vendor, where } = learnt
  const source = [KEY]
  const habits = lasting(behaviour)
  const ports = portHabit(asked)
  return {
    name,
    title,
    kind: 'equipment',
    vendors: vendor === undefined ? [] : [vendor],
    direction: 'asks',
    lab: [],
    sources: { [KEY]: where },
    requests: requestForms(asked.map(({ request }) => request)),
    // One port of many may be chance: only a fixed one says something about the device.
    ports:
      ports?.successive === 'same'
        ? { from: ports.lowest, to: ports.lowest, successive: 'same', repeats: ports.repeats, source }
        : undefined,
    files: fileForms(asked.map(({ request }) => request.filename)),
    filesOnly: false,
    recovery: recoveryOf(learnt),
    behaviour: Object.keys(habits).length === 0 ? undefined : { ...habits, source },
    helps: [],
    harms: [],
    notes: [],
  }
}

/** Bootloaders have fixed addresses; a device behind DHCP has others the next time, and they are harmless here. */
function recoveryOf({ host, device, asked }: Learnt): Recovery[] {
  if (host === undefined) return []
  const name = asked.map(({ request }) => suggestedPattern(request.filename)).find(isPattern)
  const how = name === undefined ? 'It asked this address.' : `It asked this address for ${name}.`
  return [{ host, device, how, source: [KEY] }]
}

/** Without what belongs to the network, and in whole milliseconds. */
function lasting(behaviour: SeenBehaviour): Behaviour {
  const { latencyMs: _, timerMs, ...habits } = behaviour
  return timerMs === undefined ? habits : { ...habits, timerMs: Math.round(timerMs) }
}

/** Requests whose options differ in their values alone are one form. */
function requestForms(requests: readonly RequestFingerprint[]): RequestForm[] {
  const plain = requests.filter(({ options }) => options.every(({ name }) => PLAIN_NAME.test(name)))
  const groups = Map.groupBy(plain, ({ direction, mode, options }) =>
    JSON.stringify([direction, mode, options.map(({ name }) => name)]),
  )
  return [...groups.values()].map(([first, ...others]) => ({
    direction: first.direction,
    mode: first.mode,
    options: first.options.map(({ name, value }, index): OptionForm => {
      const values = new Set([value, ...others.map(({ options }) => options[index].value)])
      // The size of an upload is the file's.
      const isOwn = name.toLowerCase() === 'tsize' && first.direction === 'write'
      const isAny = isOwn || values.size > MOST_VALUES || ![...values].every((text) => PLAIN_VALUE.test(text))
      const literal = [...values].map((text) => ({ type: 'literal', text }) as const)
      return { name, values: isAny ? [{ type: 'any' }] : literal, seldom: false }
    }),
    slash: [first, ...others].every(({ filename }) => filename.startsWith('/')) ? true : undefined,
    source: [KEY],
  }))
}

function fileForms(names: readonly string[]): FileForm[] {
  const patterns = new Set(names.map(suggestedPattern).filter(isPattern))
  if (patterns.size > MOST_NAMES) return []
  return [...patterns].map((name) => ({ name, about: 'asked for', common: false, source: [KEY] }))
}
