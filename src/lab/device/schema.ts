/** Reads device files and fault texts, and says of a mistake where it is and what was expected. */
import { ForesendError } from '../../error.ts'
import type { Parameter } from '../fault/catalogue.ts'
import { whyNoBoot } from './bootable.ts'
import { CLIENTS, type ClientName } from './clients.ts'
import { canHave, type Device, type DeviceFault, type Draw, type Draws } from './device.ts'
import { DEVICE_FAULTS } from './faults.ts'
import { type Json, JsonSyntaxError, type Located, readJson } from './json.ts'
import { didYouMean } from './nearest.ts'

const KEYS = ['name', 'description', 'source', 'client', 'faults', 'link']
const DISTRIBUTIONS = ['logUniform', 'uniform', 'oneOf']
const MAX_TEXT = 400

const LINK: Readonly<Record<string, Parameter>> = {
  delayMs: { min: 0, max: 60_000, usual: 0.075, about: 'milliseconds one way' },
  jitterMs: { min: 0, max: 60_000, usual: 0, about: 'milliseconds that a datagram takes longer at most' },
  rateBytesPerSec: { min: 1, max: 1e12, usual: 1e12, about: 'speed of the wire' },
  queueBytes: { min: 1600, max: 1e9, usual: 262_144, about: 'what waits before the wire' },
}

/** A device from the text of its file. Throws ERR_TFTP_USAGE: `file:line: path: expected …, found …`. */
export function parseDevice(text: string, file: string): Device {
  try {
    return deviceOf(readJson(text), file)
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw usage(`${file}:${error.line}: ${error.message}`)
    throw error
  }
}

/** A device from data that was read already: lines are not known then. */
export function deviceFrom(value: Json, file: string): Device {
  return deviceOf({ value, lineOf: () => 0 }, file)
}

function deviceOf(located: Located, file: string): Device {
  const at = new JsonPath(located, file)
  const top = at.object('', located.value)
  at.onlyKnown('', top, KEYS)
  const name = at.text('name', top.name)
  if (!/^[a-z0-9][a-z0-9.-]{0,63}$/.test(name)) at.expected('name', 'lower-case letters, digits, dots and dashes', name)
  const description = at.text('description', top.description)
  const source = at.text('source', top.source)
  const { model, ...parameters } = at.object('client', top.client)
  const known = at.name('client.model', model, Object.keys(CLIENTS), 'client') as ClientName
  const device: Device = {
    name,
    description,
    source,
    client: { model: known, values: at.draws('client', parameters, CLIENTS[known].parameters) },
    faults: at.list('faults', top.faults ?? []).map((fault, index) => faultOf(at, `faults[${index}]`, fault)),
    link: at.draws('link', at.object('link', top.link ?? {}), LINK),
  }
  for (const [index, { fault }] of device.faults.entries()) {
    if (!canHave(device, fault)) at.fail(`faults[${index}].fault`, `${known} cannot have ${fault}: it has no console`)
  }
  const noBoot = whyNoBoot(device)
  if (noBoot !== undefined) at.fail(noBoot.path, noBoot.message)
  return device
}

function faultOf(at: JsonPath, path: string, value: Json): DeviceFault {
  const { fault, ...values } = at.object(path, value)
  const name = at.name(`${path}.fault`, fault, Object.keys(DEVICE_FAULTS), 'fault')
  return { fault: name, values: at.draws(path, values, DEVICE_FAULTS[name].parameters) }
}

/**
 * Faults as a person types them: `ack-loss`, `ack-loss:p=0.05,burst=2`, `ack-loss:p=0.01..0.3` (drawn per boot, each
 * factor equally likely), several joined by `+`. Throws ERR_TFTP_USAGE.
 */
export function readFaults(text: string): DeviceFault[] {
  return text.split('+').map((part) => {
    const [name, list] = splitOnce(part.trim(), ':')
    const row = DEVICE_FAULTS[name]
    if (!Object.hasOwn(DEVICE_FAULTS, name)) {
      throw usage(`unknown fault ${quote(name)}${didYouMean(name, Object.keys(DEVICE_FAULTS))}`)
    }
    const values: Record<string, Draw> = {}
    for (const pair of list === undefined || list === '' ? [] : list.split(',')) {
      const [key, value] = splitOnce(pair.trim(), '=')
      const parameter = row.parameters[key]
      if (!Object.hasOwn(row.parameters, key)) {
        throw usage(`fault ${name} has no parameter ${quote(key)}${didYouMean(key, Object.keys(row.parameters))}`)
      }
      values[key] = drawOf(name, key, value ?? '', parameter)
    }
    return { fault: name, values }
  })
}

function drawOf(fault: string, key: string, text: string, parameter: Parameter): Draw {
  const separator = ['..', '--', '|'].find((mark) => text.includes(mark))
  const parts = separator === undefined ? [text] : text.split(separator)
  const numbers = parts.map((part) => (/^\d*\.?\d+(e[+-]?\d+)?$/i.test(part) ? Number(part) : Number.NaN))
  const fits = numbers.every((n) => isAllowed(n, parameter))
  const ordered = separator === '|' || separator === undefined || (numbers.length === 2 && numbers[0] <= numbers[1])
  if (!fits || !ordered || (separator === '..' && numbers[0] === 0)) {
    const wanted = `${rangeText(parameter)}, or LOW..HIGH to draw from`
    throw usage(`${fault}:${key}: ${parameter.about}: expected ${wanted}, found ${quote(text)}`)
  }
  if (separator === undefined) return numbers[0]
  if (separator === '|') return { oneOf: numbers }
  return separator === '..' ? { logUniform: [numbers[0], numbers[1]] } : { uniform: [numbers[0], numbers[1]] }
}

/** Values on their way from JSON to a device, with what is needed to say where one is wrong. */
class JsonPath {
  readonly #located: Located
  readonly #file: string

  constructor(located: Located, file: string) {
    this.#located = located
    this.#file = file
  }

  object(path: string, value: Json | undefined): Readonly<Record<string, Json>> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, Json>
    return this.expected(path, 'an object', value)
  }

  list(path: string, value: Json | undefined): readonly Json[] {
    return Array.isArray(value) ? (value as readonly Json[]) : this.expected(path, 'a list', value)
  }

  text(path: string, value: Json | undefined): string {
    if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT && !/\p{Cc}/u.test(value)) return value
    return this.expected(path, `a text of one line, at most ${MAX_TEXT} characters`, value)
  }

  /** One of `names`, which are names of a `kind`. */
  name(path: string, value: Json | undefined, names: readonly string[], kind: string): string {
    if (typeof value !== 'string') return this.expected(path, `the name of a ${kind}`, value)
    if (names.includes(value)) return value
    return this.fail(path, `unknown ${kind} ${quote(value)}${didYouMean(value, names)}`)
  }

  onlyKnown(path: string, value: Readonly<Record<string, Json>>, known: readonly string[]): void {
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) this.fail(inner(path, key), `unknown parameter ${quote(key)}${didYouMean(key, known)}`)
    }
  }

  draws(path: string, value: Readonly<Record<string, Json>>, known: Readonly<Record<string, Parameter>>): Draws {
    this.onlyKnown(path, value, Object.keys(known))
    return Object.fromEntries(
      Object.entries(value).map(([key, v]) => [key, this.#draw(inner(path, key), v, known[key])]),
    )
  }

  #draw(path: string, value: Json, parameter: Parameter): Draw {
    if (typeof value === 'number') return this.#number(path, value, parameter)
    const { about } = parameter
    const from = typeof value === 'object' ? value : this.expected(path, `${about}: ${rangeText(parameter)}`, value)
    const [[kind, given] = ['', []], ...more] = Object.entries(this.object(path, from))
    if (!DISTRIBUTIONS.includes(kind) || more.length > 0) {
      this.fail(
        path,
        `expected one of ${DISTRIBUTIONS.join(', ')}, found ${quote(kind)}${didYouMean(kind, DISTRIBUTIONS)}`,
      )
    }
    const list = this.list(inner(path, kind), given as Json)
    const numbers = list.map((n, i) => this.#number(`${inner(path, kind)}[${i}]`, n, parameter))
    if (kind === 'oneOf') {
      return numbers.length > 0 ? { oneOf: numbers } : this.expected(path, 'at least one number', from)
    }
    const [low, high] = numbers
    if (numbers.length !== 2 || low > high) this.expected(path, 'two numbers, the lower one first', given as Json)
    if (kind === 'uniform') return { uniform: [low, high] }
    return low > 0 ? { logUniform: [low, high] } : this.expected(path, 'two numbers above 0', given as Json)
  }

  #number(path: string, value: Json, parameter: Parameter): number {
    if (typeof value === 'number' && isAllowed(value, parameter)) return value
    return this.expected(path, `${parameter.about}: ${rangeText(parameter)}`, value)
  }

  expected(path: string, what: string, found: Json | undefined): never {
    return this.fail(path, `expected ${what}, found ${found === undefined ? 'nothing' : quote(JSON.stringify(found))}`)
  }

  fail(path: string, message: string): never {
    const line = this.#located.lineOf(path)
    const where = line === 0 ? this.#file : `${this.#file}:${line}`
    throw usage(`${where}: ${path === '' ? '' : `${path}: `}${message}`)
  }
}

function isAllowed(value: number, { min, max, whole }: Parameter): boolean {
  return value >= min && value <= max && (whole !== true || Number.isInteger(value))
}

function rangeText({ min, max, whole }: Parameter): string {
  return `a ${whole === true ? 'whole ' : ''}number from ${min} to ${max}`
}

function inner(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** Short and harmless on a terminal, whatever it is. */
function quote(text: string): string {
  const clean = text.replace(/\p{Cc}/gu, '?')
  return `\`${clean.length > 60 ? `${clean.slice(0, 60)}…` : clean}\``
}

function usage(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
