/** A profile, and what a request fits, as text. */
import type { Behaviour } from '../../profile/behaviour.ts'
import type { Match } from '../../profile/match.ts'
import { optionFormText } from '../../profile/option-form.ts'
import type { Profile, RequestForm, Sourced } from '../../profile/profile.ts'
import type { Style } from '../render/style.ts'
import { durationText } from '../render/units.ts'

const INDENT = '  '
/** Lines longer than this are hard to read, however wide the terminal is. */
const WIDEST = 120

export function profileLines(profile: Profile, style: Style, columns: number): string[] {
  const keys = Object.keys(profile.sources)
  const marked = (text: string, { source }: Sourced): string =>
    `${text} ${style.dim(`[${source.map((key) => keys.indexOf(key) + 1).join(',')}]`)}`
  const sections: [title: string, lines: readonly string[]][] = [
    ['request', profile.requests.map((form) => marked(requestText(form), form))],
    ['ports', profile.ports === undefined ? [] : [marked(portsText(profile.ports), profile.ports)]],
    [
      profile.filesOnly ? 'asks for these files only' : 'files',
      profile.files.map((file) => marked(`${file.name}: ${file.about}`, file)),
    ],
    ['recovery', profile.recovery.map((one) => marked(`${addressText(one.host, one.device)}${one.how}`, one))],
    [
      'behaviour',
      profile.behaviour === undefined
        ? []
        : behaviourLines(profile.behaviour).map((text) => marked(text, profile.behaviour!)),
    ],
    ['helps', profile.helps.map((advice) => marked(`${advice.setting}. ${advice.why}`, advice))],
    ['harms', profile.harms.map((advice) => marked(`${advice.setting}. ${advice.why}`, advice))],
    ['notes', profile.notes.map((note) => marked(note.text, note))],
    ['lab', profile.lab.length === 0 ? [] : [`foresend lab run --device ${profile.lab.join(',')}`]],
  ]
  const width = Math.min(WIDEST, columns)
  return [
    `${style.strong(profile.name)}  ${profile.title}`,
    `${profile.kind}, ${profile.direction === 'waits' ? 'waits for an upload' : 'asks for its files'}${profile.vendors.length > 0 ? `; ${profile.vendors.join(', ')}` : ''}`,
    ...sections.flatMap(([title, lines]) => {
      if (lines.length === 0) return []
      return ['', style.strong(title), ...lines.flatMap((line) => wrapped(line, INDENT, width))]
    }),
    '',
    style.strong('sources'),
    // Whole, so that a link can be clicked.
    ...keys.map((key, index) => `${INDENT}${index + 1} ${profile.sources[key]}`),
  ]
}

/** The best matches with their reasons, the rest in a line each. */
export function matchLines(matches: readonly Match[], unknown: number, style: Style, columns: number): string[] {
  const width = Math.max(...matches.map(({ profile }) => profile.name.length), 'none of these'.length)
  const row = (name: string, share: number, title: string): string =>
    `${style.strong(name.padEnd(width))}  ${percentText(share)}  ${title}`
  return [
    ...matches.flatMap(({ profile, confidence, reasons }, index) => [
      row(profile.name, confidence, profile.title),
      ...(index < WITH_REASONS
        ? reasons.flatMap(({ text, bits }) => wrapped(`${bitsText(bits)}  ${text}`, INDENT, Math.min(WIDEST, columns)))
        : []),
    ]),
    row('none of these', unknown, 'a device that no profile knows'),
  ]
}

/** More than these only repeat each other. */
const WITH_REASONS = 3

function requestText({ direction, mode, options, slash }: RequestForm): string {
  const name = slash === true ? '"/…"' : '"…"'
  return [direction === 'read' ? 'RRQ' : 'WRQ', name, mode, ...options.map(optionFormText)].join(' ')
}

function portsText({ from, to, successive, repeats }: NonNullable<Profile['ports']>): string {
  const range = from === to ? `always ${from}` : `${from} to ${to}`
  const next = { same: ', the same for each request', counts: ', the next for each request', any: ', any of them' }
  return `${range}${successive === undefined ? '' : next[successive]}${repeats === undefined ? '' : `; a repeat comes from ${repeats === 'same' ? 'the same' : 'a new'} one`}`
}

function addressText(host: string | undefined, device: string | undefined): string {
  const parts = [
    host === undefined ? [] : [`this machine is ${host}`],
    device === undefined ? [] : [`the device ${device}`],
  ].flat()
  return parts.length === 0 ? '' : `${parts.join(', ')}. `
}

const ORDER = { any: 'an ACK proves its block alone', inorder: 'an ACK proves every block up to it' }
const REPEAT = {
  acknowledged: 'a repeated block: acknowledged again',
  'acknowledged-once': 'a repeated block: acknowledged once for each position',
  silent: 'a repeated block: ignored without an answer',
  counted: 'a repeated block: taken for the next one, which spoils the image',
}
const AHEAD = {
  stored: 'a block ahead: stored and acknowledged',
  'stored-names-gap': 'a block ahead: stored, and the ACK names the first gap',
  dropped: 'a block ahead: dropped',
  'last-ack-again': 'a block ahead: dropped, the last ACK again',
  'last-ack-once': 'a block ahead: dropped, the last ACK again, once for each position',
  counted: 'a block ahead: taken for the next one',
  'error-5': 'a block ahead: ERROR 5',
}

export function behaviourLines({ order, repeat, ahead, timerMs, timeouts, timeoutsOf, givesUp }: Behaviour): string[] {
  const timer = timerMs === 0 ? 'no timer of its own' : `its own timer: ${durationText(timerMs ?? 0)}`
  const which = timeoutsOf === 'transfer' ? ' in all' : timeoutsOf === 'row' ? ' in a row' : ''
  const after = timeouts === undefined || timeouts === 0 ? '' : ` after ${timeouts} timeouts${which}`
  return [
    ...(order === undefined ? [] : [ORDER[order]]),
    ...(repeat === undefined ? [] : [REPEAT[repeat]]),
    ...(ahead === undefined ? [] : [AHEAD[ahead]]),
    ...(timerMs === undefined ? [] : [timer]),
    ...(givesUp === undefined ? [] : [`gives up${after}${givesUp === 'restarts' ? ', and starts again' : ''}`]),
  ]
}

function bitsText(bits: number): string {
  return `${bits < 0 ? '-' : '+'}${Math.abs(bits).toFixed(1)}`
}

/** Never 100 %: a request does not prove who sent it. */
function percentText(share: number): string {
  if (share > 0.99) return '>99 %'
  return share < 0.01 ? ' <1 %' : `${Math.round(share * 100)} %`.padStart(5)
}

/** Breaks at spaces; lines after the first are indented once more. A mark of colour counts as text, which only breaks sooner. */
function wrapped(text: string, indent: string, width: number): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + word.length + 1 > width) {
      lines.push(line)
      line = `${indent}${INDENT}`
    }
    line += `${line.trim() === '' ? '' : ' '}${word}`
  }
  return [...lines, line]
}
