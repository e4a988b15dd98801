/**
 * Fragments that arrived, and that the capture does not have: a filter of ports (`udp port 69`) keeps the first fragment of each datagram alone. A block is acknowledged when all
 * of it is there, so one acknowledged block without a whole datagram shows that nothing was lost by them.
 */
import { PACKET_FLAG } from '../contract.ts'
import type { Flow } from './flow.ts'

/** Takes back that fragments are missing where the capture is what lacks them. Returns whether it is. */
export function areFragmentsUnseen(flow: Flow, windowsize: number): boolean {
  const { log, sideEvents, direction, tally, highestAckedIndex } = flow
  if (!sideEvents.some(({ type }) => type === 'fragments-missing')) return false
  const isSender = (i: number) => log.kind(i) === 'data' && (direction === 'read') !== log.fromClient(i)
  const whole = new Set<number>()
  const broken = new Set<number>()
  for (let i = 0; i < log.length; i++)
    if (isSender(i)) ((log.flags(i) & PACKET_FLAG.incomplete) === 0 ? whole : broken).add(log.seq(i))
  const isAcked = (seq: number) => (windowsize > 1 ? seq <= highestAckedIndex : tally.wasAcked(seq))
  if (![...broken].some((seq) => !whole.has(seq) && isAcked(seq))) return false
  for (let i = 0; i < log.length; i++) if (isSender(i)) log.setFlags(i, 0, PACKET_FLAG.incomplete)
  flow.sideEvents = sideEvents.filter((event) => event.type !== 'fragments-missing')
  return true
}
