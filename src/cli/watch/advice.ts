/** What a person can do after an event: sentences, and the lines to type. A line holds nothing of a peer that a shell could take for more than a word. */
import type { LikelyKind, WatchedRequest, WatchEvent } from '../../capture/watch/contract.ts'
import { addAddressLine } from '../../io/interfaces.ts'
import { countText, durationText } from '../render/units.ts'

export interface Advice {
  /** Sentences, each a line. */
  readonly say: readonly string[]
  /** Lines for a shell. */
  readonly type: readonly string[]
}

/** Where it is watched. Undefined for a capture file, which tells nothing of the machine that reads it. */
export interface Place {
  readonly card: string
  readonly addresses: readonly string[]
}

const NOTHING: Advice = { say: [], type: [] }
const TFTP_PORT = 69
/** A name that needs no quotes in any shell, and is no flag. */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
/** Below this a kind is only one of several. */
const SURE = 0.5

export function adviceFor(event: WatchEvent, place: Place | undefined): Advice {
  switch (event.event) {
    case 'link':
      return linkAdvice(event, place)
    case 'quiet':
      return { say: quietReasons(event, place), type: event.link === 'off' ? upLine(place) : [] }
    case 'address-missing':
      return event.isOurs === true ? NOTHING : addressAdvice(event.address, place)
    case 'dhcp-unanswered':
      return {
        say: [
          'It gets no further without a DHCP server that gives it an address and names a boot server and file.',
          'Where the device has an address of its own in its recovery mode, start that mode: it asks nothing of DHCP then.',
        ],
        type: [],
      }
    case 'request':
      return { say: kindLines(event.kinds, event.request.toAddress), type: [] }
    case 'unanswered':
      return unansweredAdvice(event, place)
    case 'ended':
      return endedAdvice(event, place)
    default:
      return NOTHING
  }
}

/** The lines that serve what is asked, where it is asked. */
export function serveLines(request: WatchedRequest, place: Place | undefined): string[] {
  const { direction, file, toAddress, toPort, isOurs, isBroadcast } = request
  // `serve FILE` gives one file for any name; a path wants a folder.
  const what = file.includes('/') || file.includes('\\') ? 'FOLDER' : PLAIN_NAME.test(file) ? file : 'FILE'
  const host = isBroadcast ? '' : ` --host ${toAddress}`
  const port = toPort === TFTP_PORT ? '' : ` --port ${toPort}`
  const serve =
    direction === 'read'
      ? `sudo foresend serve ${what}${host}${port}`
      : `sudo foresend serve FOLDER --writable${host}${port}`
  return isOurs === false && !isBroadcast ? [addLine(toAddress, place), serve] : [serve]
}

function addLine(address: string, place: Place | undefined): string {
  return addAddressLine(address, place === undefined ? [] : [place.card])
}

function addressAdvice(address: string, place: Place | undefined): Advice {
  const own = place === undefined ? [] : place.addresses.filter((one) => !one.includes(':'))
  const has = own.length === 0 ? 'has no IPv4 address there' : `has ${own.join(', ')}`
  const say = place === undefined ? [] : [`This machine ${has}. To take the address that the device asks for:`]
  return { say, type: [addLine(address, place)] }
}

function linkAdvice({ state }: Extract<WatchEvent, { event: 'link' }>, place: Place | undefined): Advice {
  if (state === 'off') return { say: ['Switch the card on:'], type: upLine(place) }
  return NOTHING
}

function upLine(place: Place | undefined): string[] {
  return place === undefined ? [] : [`sudo ip link set ${place.card} up`]
}

function quietReasons({ link, frames }: Extract<WatchEvent, { event: 'quiet' }>, place: Place | undefined): string[] {
  if (link === 'off') return ['The network card is switched off:']
  if (link === 'gone') return ['The network card is gone: plug it in again.']
  if (link === 'no-carrier')
    return [
      'The link is down: is the device switched on, and the cable in a LAN port of it?',
      'With a switch between both, the link stays up while the device restarts, and its first request is not missed.',
    ]
  return [
    frames === 0
      ? `Nothing at all arrives${place === undefined ? '' : ` on ${place.card}`}: is it the right card, and the cable in a LAN port of the device?`
      : `${countText(frames, 'frame')} of other machines passed, and no device asked for anything.`,
    'Many devices ask only in their recovery mode, for a few seconds after they are switched on with the button held.',
    'Some wait for an image to be sent to them: `foresend profile list` names those, `foresend put` sends.',
  ]
}

/** Of its recoveries those from the address that is asked tell most. */
function kindLines(kinds: readonly LikelyKind[], asked: string): string[] {
  if (kinds.length === 0) return []
  const [{ profile, confidence }] = kinds
  const names = kinds.map((one) => `${titleInside(one.profile.title)} (${percentText(one.confidence)})`)
  if (confidence < SURE) return [`Perhaps ${names.join(', or ')}.`]
  const known = profile.recovery.filter(({ host }) => host !== undefined)
  const fitting = known.filter(({ host }) => host === asked)
  const recovery = (fitting.length > 0 ? fitting : known).map(({ host, how }) => `Its recovery asks ${host}. ${how}`)
  return [
    `Most likely ${names[0]}: foresend profile show ${profile.name}`,
    ...recovery.slice(0, MOST_NOTES),
    ...profile.helps.slice(0, 1).map(({ setting, why }) => `What helps: ${setting}. ${why}`),
  ]
}

/** More is in `profile show`. */
const MOST_NOTES = 2

function unansweredAdvice(event: Extract<WatchEvent, { event: 'unanswered' }>, place: Place | undefined): Advice {
  const { request } = event
  const say = {
    'no-server-here': 'This machine has the address, and no TFTP server answers on it. To serve it:',
    'other-address': `This machine does not have ${request.toAddress}. To take the address and serve it:`,
    'refused-by-icmp': 'The machine that was asked has no TFTP server on that port. To serve it here:',
    silence: 'To serve it:',
  }[event.because]
  return { say: [say], type: serveLines(request, place) }
}

function endedAdvice(
  { request, transfer, diagnosis, kinds }: Extract<WatchEvent, { event: 'ended' }>,
  place: Place | undefined,
): Advice {
  const { outcome, causes } = diagnosis
  if (outcome === 'unanswered' || outcome === 'probe' || outcome === 'shared') return NOTHING
  const [cause] = causes
  const isDone = outcome === 'complete'
  if (isDone && cause === undefined) return NOTHING
  const isForesend = diagnosis.server?.name === 'foresend'
  const advice = cause === undefined ? [] : [`What to do: ${cause.advice}`]
  const holes =
    diagnosis.holes.count > 0
      ? [`${countText(diagnosis.holes.count, 'block')} may be missing in the device: do not let it write this image.`]
      : []
  const wait = transfer.followedUntil === 'idle' ? [`Nothing more came for ${durationText(transfer.quietMs)}.`] : []
  const kind = kinds.length > 0 && kinds[0].confidence >= SURE ? kinds.slice(0, 1) : []
  const by = kind.map(
    ({ profile, confidence }) =>
      `By what it asks and does it is most likely ${titleInside(profile.title)} (${percentText(confidence)}).`,
  )
  const say = [...holes, ...wait, ...by, ...advice]
  if (isDone || isForesend || request.direction === 'write') return { say, type: [] }
  return { say: [...say, 'With Foresend as the server:'], type: serveLines(request, place) }
}

export function percentText(share: number): string {
  return share > 0.99 ? 'over 99 %' : `${Math.round(100 * share)} %`
}

/** The title of a profile inside a sentence; all but an article are names. */
function titleInside(title: string): string {
  return title.replace(/^The /, 'the ')
}
