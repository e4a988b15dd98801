/** The verdict in words, for the text and the page. */
import type { Cause } from '../../capture/diagnosis/index.ts'
import { escapeText } from '../../packet/index.ts'
import { countText } from '../render/units.ts'
import { isHealthy, type Judged, type JudgedCapture } from './judged.ts'
import { confidenceText, directionText, reachedText, sentence, transferTitle } from './words.ts'

/** One paragraph: what happened, most likely why, where packets are lost, what to do next. */
export function verdictText(one: Judged): string {
  const { transfer, diagnosis } = one
  const [cause] = diagnosis.causes
  const parts = [`${diagnosis.summary}; ${reachedText(one)}`]
  if (diagnosis.holes.count > 0)
    parts.push('do not write this image to flash unless the device computes the right checksum of it')
  const [, second] = diagnosis.causes
  if (cause !== undefined) {
    const isLevel = second !== undefined && areLevel(cause, second)
    const also = isLevel
      ? `, or ${second.title}: the packets fit both`
      : bothAreLost(diagnosis.causes)
        ? alsoText(cause, second)
        : ''
    parts.push(`${confidenceText(cause.confidence)}: ${cause.title}${also}`)
    parts.push(
      isLevel ? levelDirection(cause, second, transfer.direction) : directionOf(diagnosis.causes, transfer.direction),
    )
    parts.push(`what to do: ${isLevel && cause.tellApart !== undefined ? cause.tellApart : cause.advice}`)
  } else if (diagnosis.outcome === 'running') {
    parts.push('so far nothing went wrong; capture until the transfer is over')
  } else if (transfer.outcome.type === 'unanswered') {
    parts.push(
      transfer.onlyRequests
        ? 'the capture has nothing but requests: the rest of a TFTP transfer runs on other ports, which a filter for port 69 leaves out; capture again with the filter udp'
        : 'the capture ends soon behind the request, or its filter left the answers out',
    )
  } else if (transfer.fromClient === 0 || transfer.fromServer === 0) {
    parts.push('the capture has one direction only, and tells nothing of the other: capture both')
  } else if (diagnosis.outcome === 'shared') {
    parts.push('look at the log of the server, which knows what each client of the group took')
  } else if (!isHealthy(one)) parts.push('what the capture shows fits none of the known causes')
  return parts
    .filter((part) => part !== '')
    .map(sentence)
    .join(' ')
}

/** Confidences that differ by less say nothing. */
const LEVEL = 0.02
/** A cause above it is likelier than all others together. */
const HALF = 0.5

/** The packets do not tell which of the two it is. */
export function areLevel(one: Cause, other: Cause): boolean {
  // The text of the first cause covers a device that is gone.
  if (other.id === 'client-silent') return false
  return one.tellApart !== undefined && one.confidence - other.confidence < LEVEL && one.confidence <= HALF
}

function isLoss({ id }: Cause): boolean {
  return id === 'ack-loss' || id === 'data-loss'
}

/** Both directions lose packets, each for itself. */
function bothAreLost([one, other]: readonly Cause[]): boolean {
  return other !== undefined && isLoss(one) && isLoss(other) && other.confidence > HALF
}

function alsoText(one: Cause, other: Cause): string {
  return one.id === other.id ? '' : `; and ${other.title}`
}

function directionOf(causes: readonly Cause[], direction: 'read' | 'write'): string {
  return bothAreLost(causes) ? 'direction: both' : directionText(causes[0].id, direction)
}

function levelDirection(one: Cause, other: Cause, direction: 'read' | 'write'): string {
  const first = directionText(one.id, direction)
  return first === directionText(other.id, direction) ? first : ''
}

export function outcomeText({ transfer, diagnosis }: Judged): string {
  const { outcome, causes } = diagnosis
  if (outcome === 'possible-holes') return 'MAY HAVE HOLES'
  if (outcome === 'complete') return causes.length === 0 ? 'healthy' : 'complete, with faults'
  if (outcome === 'probe') return 'size asked only'
  if (outcome === 'shared') return 'shared with a group, not judged'
  const unknown = unknownText({ transfer, diagnosis })
  if (unknown !== undefined) return unknown
  if (outcome === 'running') return 'the capture ends before it does'
  return outcome === 'last-ack-missing' ? 'probably complete' : 'FAILED'
}

/** A capture of one direction, or of requests alone, does not tell what became of the transfer. */
function unknownText({ transfer, diagnosis }: Judged): string | undefined {
  const { fromClient, fromServer, onlyRequests } = transfer
  if (fromClient === 0) return 'not known: the packets of the client are missing'
  if (diagnosis.outcome !== 'unanswered')
    return fromServer === 0 ? 'not known: the packets of the server are missing' : undefined
  return onlyRequests && diagnosis.causes.length === 0 ? 'not known: the capture has requests alone' : undefined
}

export function outcomeTone(one: Judged): 'good' | 'careful' | 'bad' {
  if (isHealthy(one)) return 'good'
  const { outcome } = one.diagnosis
  if (unknownText(one) !== undefined) return 'careful'
  return ['complete', 'probe', 'shared', 'last-ack-missing', 'running'].includes(outcome) ? 'careful' : 'bad'
}

/** `3 transfers in 812 frames: 2 healthy, 1 FAILED`. */
export function tallyText({ judged, dropped, summary }: JudgedCapture): string {
  const counts = new Map<string, number>()
  for (const one of judged) counts.set(outcomeText(one), (counts.get(outcomeText(one)) ?? 0) + 1)
  const all = `${countText(judged.length, 'transfer')} in ${countText(summary.frames, 'frame')}`
  const each = judged.length === 1 ? '' : `: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`
  return `${all}${each}${dropped === 0 ? '' : `; ${dropped} more are not judged`}`
}

/** What limits the whole capture, a line each. */
export function noticesOf({ summary: { broken, droppedFrames, cutFrames }, unjudged }: JudgedCapture): string[] {
  const notices: string[] = []
  if (broken !== undefined)
    notices.push(`The capture breaks off at byte ${broken.atByte} (${broken.reason}); everything before it is used.`)
  if (droppedFrames !== undefined && droppedFrames > 0)
    notices.push(
      `The capturing program dropped ${countText(droppedFrames, 'frame')}: packets may look lost that were not.`,
    )
  if (cutFrames > 0)
    notices.push(
      `The capture cut ${countText(cutFrames, 'frame')} short (snap length): checksums of these cannot be checked.`,
    )
  for (const { transfer, reason } of unjudged.slice(0, MOST_UNJUDGED))
    notices.push(
      `${transferTitle(transfer)}: this transfer could not be judged (${escapeText(reason)}), and may have failed. That is a fault of Foresend: please report it with the capture.`,
    )
  if (unjudged.length > MOST_UNJUDGED)
    notices.push(`${unjudged.length - MOST_UNJUDGED} more transfers could not be judged.`)
  return notices
}

const MOST_UNJUDGED = 5

export function nameOf(path: string): string {
  return path === '-' ? 'standard input' : escapeText(path)
}
