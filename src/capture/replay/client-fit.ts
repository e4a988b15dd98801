/** Which client of the lab sends the request of a capture, and does with blocks what the capture shows. */
import { CLIENTS, type ClientName } from '../../lab/device/clients.ts'
import { type Habits, habitsOf } from '../../lab/device/habits.ts'
import { withUsual } from '../../lab/fault/catalogue.ts'
import { type Option, optionNumber, parseRequest } from '../../packet/index.ts'
import type { Behaviour } from '../../profile/behaviour.ts'
import { DEFAULT_BLKSIZE, MAX_BLKSIZE, MAX_WINDOWSIZE, MIN_BLKSIZE } from '../../transfer/negotiate.ts'
import type { CapturedRequest } from '../contract.ts'

export interface FittedClient {
  readonly model: ClientName
  readonly values: Readonly<Record<string, number>>
  readonly isRequestSame: boolean
}

/** Bits of a score: a request weighs more than any behaviour, which a few packets may show wrongly. */
const SCORE = { sameRequest: 16, sameNames: 10, sameSet: 6, behaviour: 3, usual: 1 } as const
const MAX_TIMEOUT_SECONDS = 255

/** The models that fit best, all as well; at least one. `ignoresRepeats`: the diagnosis has proof of it. `timerMs`: of the client, as the capture shows it. */
export function fitClients(
  request: CapturedRequest | undefined,
  behaviour: Behaviour,
  ignoresRepeats: boolean,
  timerMs: number | undefined,
): FittedClient[] {
  const options = request?.options ?? []
  const seen = ignoresRepeats ? { ...behaviour, repeat: 'silent' as const } : behaviour
  const scored = (Object.keys(CLIENTS) as ClientName[])
    .map((model) => {
      const values = valuesFor(model, options, timerMs)
      const asked = requestOf(model, values)
      return {
        model,
        values,
        asked,
        score: requestScore(asked, options) + usualScore(model, values) + behaviourScore(model, values, seen),
      }
    })
    // The order of the catalogue decides between equals: it begins with the simplest client, and goes on with the oldest.
    .sort((a, b) => b.score - a.score)
  return scored
    .filter(({ score }) => score === scored[0].score)
    .slice(0, MOST_CLIENTS)
    .map(({ model, values, asked }) => ({
      model,
      values,
      isRequestSame: requestScore(asked, options) === SCORE.sameRequest,
    }))
}

/** More share a request nowhere in the catalogue. */
const MOST_CLIENTS = 4

function valuesFor(
  model: ClientName,
  options: readonly Option[],
  timerMs: number | undefined,
): Readonly<Record<string, number>> {
  const { parameters } = CLIENTS[model]
  const timeout = optionNumber(options, 'timeout', 1, MAX_TIMEOUT_SECONDS)
  const wanted: Readonly<Record<string, number | undefined>> = {
    blksize: optionNumber(options, 'blksize', MIN_BLKSIZE, MAX_BLKSIZE) ?? DEFAULT_BLKSIZE,
    windowsize: optionNumber(options, 'windowsize', 1, MAX_WINDOWSIZE) ?? 1,
    timeoutMs: timeout === undefined ? timerMs : timeout * 1000,
    tsize: options.some(({ name }) => name === 'tsize') ? 1 : 0,
  }
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([name, value]) => {
      const parameter = parameters[name]
      if (parameter === undefined || value === undefined) return []
      return [[name, Math.min(parameter.max, Math.max(parameter.min, value))]]
    }),
  )
}

function make(model: ClientName, values: Readonly<Record<string, number>>) {
  const { parameters, make: makeClient } = CLIENTS[model]
  return makeClient({ sizeBytes: 0 }, withUsual(parameters, values))
}

/** The options that the model asks with. */
function requestOf(model: ClientName, values: Readonly<Record<string, number>>): readonly Option[] {
  const client = make(model, values)
  let options: readonly Option[] = []
  client.attach({
    send: (_now, buffer, offset, length) => {
      const parsed = parseRequest(buffer, offset, length)
      if (parsed.ok) options = parsed.value.options
    },
  })
  client.handleTimer(client.deadline)
  return options
}

function requestScore(asked: readonly Option[], seen: readonly Option[]): number {
  const names = (options: readonly Option[]): string => options.map(({ name }) => name).join(' ')
  const pairs = (options: readonly Option[]): string => options.map(({ name, value }) => `${name}=${value}`).join(' ')
  if (pairs(asked) === pairs(seen)) return SCORE.sameRequest
  if (names(asked) === names(seen)) return SCORE.sameNames
  const sorted = (options: readonly Option[]): string =>
    options
      .map(({ name }) => name)
      .sort()
      .join(' ')
  return sorted(asked) === sorted(seen) ? SCORE.sameSet : 0
}

/** A client that could ask like this seldom does: each value that is not its usual one speaks against it. */
function usualScore(model: ClientName, values: Readonly<Record<string, number>>): number {
  const { parameters } = CLIENTS[model]
  return Object.entries(values).filter(([name, value]) => parameters[name]?.usual !== value).length * -SCORE.usual
}

function behaviourScore(model: ClientName, values: Readonly<Record<string, number>>, seen: Behaviour): number {
  const habits = habitsOf(() => make(model, values))
  const verdicts = [
    agrees(seen.repeat, REPEAT[habits.repeat]),
    agrees(seen.ahead, AHEAD[habits.ahead]),
    agrees(seen.order, habits.ahead.startsWith('stored and') ? 'any' : 'inorder'),
  ]
  return verdicts.reduce((sum, verdict) => sum + verdict * SCORE.behaviour, 0)
}

function agrees<T>(seen: T | undefined, known: T | undefined): number {
  if (seen === undefined || known === undefined) return 0
  return seen === known ? 1 : -1
}

const REPEAT = {
  acknowledged: 'acknowledged',
  // The second repeat has no answer, and more than one is seldom seen.
  'acknowledged, once for each position': undefined,
  ignored: 'silent',
  'taken for the next block': 'counted',
} as const satisfies Record<Habits['repeat'], Behaviour['repeat']>

const AHEAD: Readonly<Record<string, Behaviour['ahead']>> = {
  'stored and acknowledged': 'stored',
  'dropped, the last ACK again': 'last-ack-again',
  'dropped, the last ACK again, once for each position': 'last-ack-once',
  'taken for the next block': 'counted',
  'ERROR 5': 'error-5',
}
