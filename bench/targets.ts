/**
 * The project's targets: what Foresend shall reach beside other servers in one run on one machine, since figures of different
 * machines or hours say nothing. This is their only place; tables, page and document are made of it.
 */
import { OURS, OURS_PORTABLE } from './figures.ts'

export type Target = RatioTarget | AtMostTarget | CheaperTarget | CeilingTarget | FlatTarget

interface Named {
  readonly title: string
  /** The server that shall reach it. */
  readonly server: string
}

/** Times as good as peers in the case's unit. */
export interface RatioTarget extends Named {
  readonly kind: 'ratio'
  readonly cases: readonly string[]
  /** Every peer, these, or all but these. */
  readonly peers: 'all' | { readonly only: readonly string[] } | { readonly but: readonly string[] }
  /** A peer that cannot do the case is taken from this one. */
  readonly peersFrom?: string
  readonly atLeast: number
  readonly stretch?: number
}

export interface AtMostTarget extends Named {
  readonly kind: 'at most'
  readonly cases: readonly string[]
  readonly measure: 'value' | 'failed'
  readonly atMost: number
  readonly stretch?: number
}

/** Less CPU time for each GB than every peer. */
export interface CheaperTarget extends Named {
  readonly kind: 'cheaper'
  /** All that are counted in MB/s. */
  readonly cases: 'speed'
}

/** A share of the case's ceiling. */
export interface CeilingTarget extends Named {
  readonly kind: 'ceiling'
  readonly cases: readonly string[]
  readonly atLeast: number
  /** Good to have, and not missed when it is not. */
  readonly isStretch?: true
}

/** CPU time for each GB stays the same along a curve: the most is so little above the least. */
export interface FlatTarget extends Named {
  readonly kind: 'flat'
  readonly curve: string
  readonly within: number
}

export const TARGETS: readonly Target[] = [
  ratio('lock-step up to blocks of 1428', ['lockstep-512', 'lockstep-1428'], 4.5, 5),
  ratio('lock-step with blocks of 8192', ['lockstep-8192'], 3),
  ratio('windows of 16 and 64, one client', ['window-16', 'window-64'], 1.8, 2.4),
  {
    ...ratio('many clients, windowsize 1, beside dnsmasq', ['clients-100-w1', 'clients-1000-w1'], 1.2, 1.35),
    peers: { only: ['dnsmasq'] },
  },
  {
    ...ratio('many clients, windowsize 1, beside the others', ['clients-100-w1', 'clients-1000-w1'], 3),
    peers: { but: ['dnsmasq'] },
  },
  ratio('many clients, windowsize 16', ['clients-100-w16', 'clients-1000-w16'], 5.5, 7),
  { ...ratio('small files started per second', ['starts'], 1.5, 1.8), peers: { only: ['dnsmasq'] } },
  ratio('uploads', ['upload-w1', 'upload-w16'], 2),
  ratio('1 % loss each way, windowsize 16', ['loss-1-w16'], 5),
  { ...ratio('1 % loss each way, lock-step', ['loss-1-w1'], 5), peers: { only: ['tftpd-hpa'] } },
  atMost('no transfer fails at 1 % loss', ['loss-1-w1', 'loss-1-w16'], 'failed', 0),
  atMost('of 5000 clients at once none fails', ['herd'], 'value', 0),
  atMost('memory of a waiting transfer, KB, kernel included', ['memory'], 'value', 2, 1),
  { kind: 'cheaper', title: 'CPU time for each GB below every peer', server: OURS, cases: 'speed' },
  {
    kind: 'ceiling',
    title: 'stretch: lock-step beside what the sockets allow',
    server: OURS,
    cases: ['lockstep-512', 'lockstep-1428'],
    atLeast: 0.9,
    isStretch: true,
  },
  {
    kind: 'ceiling',
    title: 'our own client, beside what the server gives to the load generator',
    server: OURS,
    cases: ['client-get', 'client-put'],
    atLeast: 0.8,
  },
  { kind: 'flat', title: 'CPU time for each GB from 1 to 5000 clients', server: OURS, curve: 'clients', within: 0.15 },
  { kind: 'flat', title: 'CPU time for each GB from 1 MB to 4 GiB', server: OURS, curve: 'sizes', within: 0.15 },
  portable('dgram driver, one lock-step client', ['lockstep-512', 'lockstep-1428'], 0.8),
  portable('dgram driver, from 10 clients on', ['clients-10-w1', 'clients-100-w1', 'clients-1000-w1'], 1),
  {
    ...portable('dgram driver, windows (tftpd-hpa has none: its lock-step)', ['window-4', 'window-16', 'window-64'], 1),
    peersFrom: 'lockstep-1428',
  },
]

function ratio(title: string, cases: readonly string[], atLeast: number, stretch?: number): RatioTarget {
  const more = stretch === undefined ? {} : { stretch }
  return { kind: 'ratio', title, server: OURS, cases, peers: 'all', atLeast, ...more }
}

function portable(title: string, cases: readonly string[], atLeast: number): RatioTarget {
  return { ...ratio(title, cases, atLeast), server: OURS_PORTABLE, peers: { only: ['tftpd-hpa'] } }
}

function atMost(
  title: string,
  cases: readonly string[],
  measure: 'value' | 'failed',
  most: number,
  stretch?: number,
): AtMostTarget {
  const more = stretch === undefined ? {} : { stretch }
  return { kind: 'at most', title, server: OURS, cases, measure, atMost: most, ...more }
}
