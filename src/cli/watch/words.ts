/** Events of the watch as lines for a person. Texts of peers are escaped. */
import type { DhcpMessage } from '../../capture/watch/dhcp-message.ts'
import type { Progress, WatchedHost, WatchedRequest, WatchEvent } from '../../capture/watch/contract.ts'
import type { Option } from '../../packet/index.ts'
import { escapeText } from '../../packet/index.ts'
import { outcomeText, outcomeTone } from '../diagnose/verdict.ts'
import { confidenceText, directionText, reachedText, sentence } from '../diagnose/words.ts'
import { safeLine } from '../render/pretty.ts'
import type { Style } from '../render/style.ts'
import { clockText, countText, durationText, rateText, sizeText } from '../render/units.ts'
import { adviceFor, type Place } from './advice.ts'

const INDENT = ' '.repeat('00:00:00 '.length)

/** The line of an event, and what to do below it. */
export function eventLines(event: WatchEvent, place: Place | undefined, style: Style): string[] {
  const { say, type } = adviceFor(event, place)
  return [
    `${style.dim(clockText(event.time))} ${textOf(event, style)}`,
    ...say.map((line) => `${INDENT}${safeLine(line)}`),
    ...type.map((line) => `${INDENT}  ${style.strong(line)}`),
  ]
}

function textOf(event: WatchEvent, style: Style): string {
  switch (event.event) {
    case 'link':
      return event.state === 'up' ? style.good('link up') : style.careful(LINK_WORDS[event.state])
    case 'quiet':
      return style.careful(`nothing heard of a device for ${durationText(event.forMs)}`)
    case 'address-asked':
      return style.dim(
        `${who(event.device)} looks for ${event.address}${event.isOurs === true ? ', which this machine has' : ''}`,
      )
    case 'address-missing':
      return style.careful(
        `no machine answers for ${event.address}: ${event.device.address} asked ${countText(event.questions, 'time')}`,
      )
    case 'address-answered':
      return style.dim(
        `${event.address} is ${event.isOurs === true ? 'this machine' : (event.by.mac ?? 'there')}: ${event.device.address} knows that now`,
      )
    case 'dhcp':
      return style.dim(dhcpText(event.device, event.message))
    case 'dhcp-unanswered':
      return style.careful(
        `no DHCP server answers ${who(event.device)}, which asked ${countText(event.questions, 'time')}`,
      )
    case 'request':
      return style.strong(requestText(event.request))
    case 'unanswered':
      return style.bad(unansweredText(event))
    case 'answered':
      return `${event.server.address} answers ${event.request.device.address} after ${durationText(event.afterMs)}${optionsText(event.oack, ', and grants ')}`
    case 'progress':
      return style.dim(`${event.request.device.address} is at ${progressText(event)}`)
    case 'stalled':
      return style.careful(`${event.request.device.address} has stopped at ${progressText(event)}`)
    case 'ended':
      return endedText(event, style)
  }
}

const LINK_WORDS = {
  'no-carrier': 'link down: the cable carries no signal',
  off: 'the network card is switched off',
  gone: 'the network card is gone',
} as const

function requestText(request: WatchedRequest): string {
  const { device, direction, file, mode, options, toAddress, toPort, isOurs, isBroadcast, malformed } = request
  const verb = direction === 'read' ? 'asks for' : 'wants to store'
  const to = isBroadcast ? `every machine (${toAddress})` : `${toAddress}${isOurs === true ? ' (this machine)' : ''}`
  const port = toPort === 69 ? '' : `, port ${toPort}`
  const bad = malformed === undefined ? '' : `; the request is malformed: ${malformed}`
  return `${who(device)} ${verb} "${escapeText(file)}" (${escapeText(mode)}${optionsText(options, ', ')}) at ${to}${port}${bad}`
}

function unansweredText({ request, sent, because, icmp }: Extract<WatchEvent, { event: 'unanswered' }>): string {
  const why = because === 'refused-by-icmp' ? ` (ICMP: ${icmp})` : ''
  return `no answer to ${request.device.address} from ${request.toAddress}${why}; asked ${countText(sent, 'time')} so far`
}

function endedText({ request, transfer, diagnosis }: Extract<WatchEvent, { event: 'ended' }>, style: Style): string {
  const file = `${request.device.address} "${escapeText(request.file)}"`
  if (diagnosis.outcome === 'unanswered')
    return `${style.bad('not served')} ${file}: asked ${countText(transfer.request?.count ?? 1, 'time')}, and no server answered`
  const judged = { transfer, diagnosis }
  const outcome = style[outcomeTone(judged)](outcomeText(judged))
  const [cause] = diagnosis.causes
  const why =
    cause === undefined
      ? ''
      : ` ${sentence(`${confidenceText(cause.confidence)}: ${cause.title}`)}${direction(directionText(cause.id, transfer.direction))}`
  return `${outcome} ${file}: ${sentence(`${diagnosis.summary}; ${reachedText(judged)}`)}${why}`
}

function direction(text: string): string {
  return text === '' ? '' : ` ${sentence(text)}`
}

function progressText({ block, bytes, sizeBytes, rateBytesPerSec }: Progress): string {
  const share =
    sizeBytes === undefined || sizeBytes === 0 ? '' : ` (${Math.min(100, Math.floor((100 * bytes) / sizeBytes))} %)`
  return `block ${block}, ${sizeText(bytes)}${share}, ${rateText(rateBytesPerSec)}`
}

function dhcpText(device: WatchedHost, message: DhcpMessage): string {
  const { isReply, kind, address, bootServer, bootFile, vendorClass, hostname, wantsBoot } = message
  const card = who(device)
  if (isReply) {
    const boot = [
      ...(bootFile === undefined ? [] : [`the boot file "${escapeText(bootFile)}"`]),
      ...(bootServer === undefined ? [] : [`the boot server ${escapeText(bootServer)}`]),
    ]
    return `DHCP ${kind} to ${device.mac ?? 'a device'}: ${address ?? 'no address'}${boot.length === 0 ? ', no boot file' : `, ${boot.join(', ')}`}`
  }
  const says = [
    ...(vendorClass === undefined ? [] : [escapeText(vendorClass)]),
    ...(hostname === undefined ? [] : [`called ${escapeText(hostname)}`]),
  ]
  const wants = wantsBoot ? ' and a boot file' : ''
  const name = kind === 'bootp-request' ? 'BOOTP' : `DHCP ${kind}`
  return `${card} asks for an address${wants} (${[name, ...says].join(', ')})`
}

function who({ address, mac, vendor }: WatchedHost): string {
  const card = [...(mac === undefined ? [] : [mac]), ...(vendor === undefined ? [] : [vendor])].join(', ')
  if (address === '' || address === '0.0.0.0') return card === '' ? 'a device' : card
  return card === '' ? address : `${address} (${card})`
}

function optionsText(options: readonly Option[] | undefined, before: string): string {
  if (options === undefined || options.length === 0) return ''
  return before + options.map(({ name, value }) => `${escapeText(name)}=${escapeText(value)}`).join(' ')
}
