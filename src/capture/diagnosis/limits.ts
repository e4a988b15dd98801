/** What the capture cannot tell, in words. */
import type { CapturedTransfer } from '../contract.ts'
import { isWindowUnknown } from './holes.ts'

export function limitsOf(transfer: CapturedTransfer): string[] {
  const {
    packets,
    vantage,
    fromClient,
    fromServer,
    takenTwice,
    fragmentsUnseen,
    onlyRequests,
    rolesFrom,
    agreed,
    blocks,
    request,
    outcome,
    sideEvents,
    server,
  } = transfer
  const limits: string[] = []
  if (request === undefined)
    limits.push(
      blocks.knownFrom > 1
        ? `the capture begins after the request: what became of the blocks before ${blocks.knownFrom} it does not show`
        : 'the capture begins after the request',
    )
  if (rolesFrom === 'assumed' && agreed.oack === undefined)
    limits.push(
      'the capture does not show who asked, and DATA is taken to come from the server: of a file that is stored on the server the two sides are the other way round',
    )
  if (agreed.windowsizeFrom === 'inferred')
    limits.push(
      `the capture has no whole OACK: a window of ${agreed.windowsize} is what the ACKs show; without one the device may lack blocks between them`,
    )
  if (isWindowUnknown(transfer))
    limits.push(
      'the capture does not show whether a window was negotiated, so blocks without an ACK of their own may be as they should: capture from the request on, with whole packets (tcpdump -s 0)',
    )
  if (fromClient === 0) limits.push('the capture has no packet of the client: capture both directions')
  if (fromServer === 0 && outcome.type !== 'unanswered')
    limits.push('the capture has no packet of the server: capture both directions')
  if (fragmentsUnseen)
    limits.push(
      'the capture has only the first fragment of large packets, and their ACKs show that all arrived: its filter of ports left the others out, so a fragment that is lost does not show (filter for udp, without a port)',
    )
  if (takenTwice !== undefined)
    limits.push(
      `each packet ${takenTwice === 'both' ? '' : `of the ${takenTwice} `}is in the capture twice within microseconds, and counts once: a mirror port or a bridge shows them so, and a program that sends each packet twice would look the same`,
    )
  if (packets.seen > packets.length)
    limits.push(`${packets.seen - packets.length} regular packets were left out to save memory`)
  if (vantage.at === 'client' || vantage.at === 'middle')
    limits.push(
      'the capture was not taken at the server: packets that it shows may be lost behind it, so the direction of a loss is less sure',
    )
  if (outcome.type === 'unanswered')
    limits.push(
      onlyRequests
        ? 'the capture has nothing but requests: a transfer runs on other ports from its first answer on, so a filter for port 69 leaves all of it out. Capture again with the filter udp, without a port'
        : 'the capture has the request alone: if it was filtered for port 69, the answers are missing because they come from another port',
    )
  if (request?.mode === 'netascii')
    limits.push(
      'the file was asked for in mode netascii, which changes line ends: an image is only whole in mode octet (binary)',
    )
  const others = new Set(
    sideEvents.flatMap((event) =>
      event.type === 'other-server' && event.address !== server.address ? [event.address] : [],
    ),
  )
  if (others.size > 0)
    limits.push(
      `${[...others].slice(0, MOST_OTHERS).join(', ')} answered this client as well: there is more than one TFTP server in this network`,
    )
  return limits
}

const MOST_OTHERS = 3
