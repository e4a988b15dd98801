/** What the capture cannot tell, in words. */
import type { CapturedTransfer } from '../contract.ts'

export function limitsOf({ packets, vantage, fromClient, fromServer, request, outcome }: CapturedTransfer): string[] {
  const limits: string[] = []
  if (request === undefined) limits.push('the capture begins after the request')
  if (fromClient === 0) limits.push('the capture has no packet of the client: capture both directions')
  if (fromServer === 0 && outcome.type !== 'unanswered')
    limits.push('the capture has no packet of the server: capture both directions')
  if (packets.seen > packets.length)
    limits.push(`${packets.seen - packets.length} regular packets were left out to save memory`)
  if (vantage.at === 'client' || vantage.at === 'middle')
    limits.push(
      'the capture was not taken at the server: packets that it shows may be lost behind it, so the direction of a loss is less sure',
    )
  return limits
}
