/** What the rules of the faults share that are weighed against each other. */
import type { CauseId } from '../contract.ts'
import type { Hypothesis, Judged } from '../explain/judge.ts'
import type { StoryEvent } from '../explain/branch.ts'
import type { Finding, Rule } from '../rule.ts'
import { unansweredQuestions } from '../view/questions.ts'
import { shown, type View } from '../view/view.ts'
import { apart } from './apart.ts'

export interface JudgedRule extends Pick<Rule, 'title' | 'advice' | 'adviceOfOurs'> {
  readonly id: CauseId
  /** The hypotheses under which this cause holds; they may hold others as well. */
  readonly hypotheses: readonly Hypothesis[]
  /** The events of a story that show it, and what they show; `blocks` names them. */
  readonly events: (judged: Judged) => readonly StoryEvent[]
  readonly words: (blocks: string, events: readonly StoryEvent[], judged: Judged, view: View) => string
}

/** A hypothesis that is at most this much less likely is worth telling apart. */
const AS_LIKELY = 0.1

export function judgedRule({ hypotheses, events, words, ...rule }: JudgedRule): Rule {
  return {
    ...rule,
    find(view): Finding | undefined {
      const { judged } = view.judgement
      const own = judged.filter((one) => hypotheses.includes(one.hypothesis) && events(one).length > 0)
      const best = own.find(({ isLevel }) => isLevel) ?? own[0]
      if (best === undefined || isOutageProved(view, best)) return undefined
      const shownEvents = events(best)
      // Both losses at once are no cause of their own: where they are likelier than all that are level, each of the two has their share too.
      const both = own.find(({ hypothesis }) => hypothesis === 'both-losses')?.weight ?? 0
      const level = judged.reduce((sum, one) => sum + (one.isLevel ? one.weight : 0), 0)
      const weight = best.isLevel && both <= level ? best.weight : own.reduce((sum, one) => sum + one.weight, 0)
      const others = judged.filter((one) => !hypotheses.includes(one.hypothesis) && one.weight >= AS_LIKELY * weight)
      const { packet } = best.story.script
      const isGuess = shownEvents.every((event) => isBehindAll(event, best))
      const blocks = blocksText(shownEvents)
      const text = isGuess ? `${blocks}: sent, and never acknowledged` : words(blocks, shownEvents, best, view)
      return {
        confidence: weight * certainty(observationsOf(best, judged, shownEvents.length)),
        likelihood: best.share,
        hits: best.hypothesis === 'both-losses' ? shownEvents.length : 0,
        isGuess,
        evidence: [
          shown(
            view,
            text,
            shownEvents.flatMap((event) => packetsOf(event, best)).map((at) => packet[at]),
          ),
        ],
        tellApart: others.map((other) => apart(best.hypothesis, other.hypothesis)).find((text) => text !== undefined),
      }
    },
  }
}

/** What an outage explains as well, where the server is seen to have lost the address of the device. */
function isOutageProved({ judgement, transfer }: View, { isLevel }: Judged): boolean {
  const outage = judgement.judged.find(({ hypothesis }) => hypothesis === 'outage')
  return isLevel && outage?.isLevel === true && unansweredQuestions(transfer).length > 0
}

/** The client said nothing more: what became of the packet shows in nothing. */
export function isBehindAll({ at }: StoryEvent, { story: { script } }: Pick<Judged, 'story'>): boolean {
  return script.nextHeard[at] < 0 && script.fromClient[at] === 0
}

/** Causes that are level are told by the same packets, however many events each story makes of them; an outage by all that follows. */
export function observationsOf(one: Judged, judged: readonly Judged[], count: number): number {
  if (!one.isLevel) return count
  const level = judged.filter(({ isLevel }) => isLevel)
  return Math.max(...level.map(({ hypothesis, story }) => (hypothesis === 'outage' ? Infinity : story.own.length)))
}

/** How sure a number of independent observations makes: 0.6 for one, 0.84 for two, 0.99 at most. */
export function certainty(count: number): number {
  return Math.min(0.99, 1 - 0.4 ** count)
}

/** Positions of the packet in question, of the one of the client that ended the doubt, and of what came between. */
function packetsOf({ at }: StoryEvent, { story }: Judged): number[] {
  const next = story.script.nextHeard[at]
  const last = next < 0 ? at : Math.min(next, at + MOST_BETWEEN)
  return Array.from({ length: last - at + 1 }, (_, n) => at + n)
}

const MOST_BETWEEN = 4

export function blocksText(events: readonly { readonly seq: number }[]): string {
  const named = [...new Set(events.map(({ seq }) => seq))]
  const list = named.slice(0, MOST_NAMED).join(', ')
  return `${named.length === 1 ? 'block' : 'blocks'} ${list}${named.length > MOST_NAMED ? ` and ${named.length - MOST_NAMED} more` : ''}`
}

const MOST_NAMED = 5

/** The events of these kinds. */
export function ofKind(...kinds: readonly StoryEvent['kind'][]): (judged: Judged) => readonly StoryEvent[] {
  return ({ story }) => story.events.filter(({ kind }) => kinds.includes(kind))
}
