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
  ratio('lock-step up to blocks of 1428', ['lockstep-512', 'lockstep-1428'], 2.2),
  ratio('lock-step with blocks of 8192', ['lockstep-8192'], 1.4),
  ratio('window of 16, one client', ['window-16'], 4, 5),
  ratio('window of 64, one client', ['window-64'], 5.5, 7),
  ratio('100 clients, windowsize 1', ['clients-100-w1'], 1.4, 1.6),
  ratio('1000 clients, windowsize 1', ['clients-1000-w1'], 1.2, 1.4),
  ratio('100 clients, windowsize 16', ['clients-100-w16'], 4, 5),
  ratio('small files started per second', ['starts'], 0.8, 1.3),
  ratio('uploads', ['upload-w1'], 1.1),
  ratio('uploads', ['upload-w16'], 2),
  ratio('1 % loss each way, windowsize 16', ['loss-1-w16'], 20),
  atMost('no transfer fails at 1 % loss', ['loss-1-w1', 'loss-1-w16'], 'failed', 0),
  atMost('of 5000 clients at once none fails', ['herd'], 'value', 0),
  atMost('memory of a waiting transfer, KB, kernel included', ['memory'], 'value', 4, 2.6),
  { kind: 'cheaper', title: 'CPU time for each GB below every peer', server: OURS, cases: 'speed' },
  ceiling('lock-step beside what the sockets allow', ['lockstep-512', 'lockstep-1428'], 0.85),
  ceiling('lock-step beside what the sockets allow', ['lockstep-8192'], 0.9),
  {
    ...ceiling('stretch: lock-step beside what the sockets allow', ['lockstep-512', 'lockstep-1428'], 0.95),
    isStretch: true,
  },
  ceiling('our own client, beside what the server gives to the load generator', ['client-get', 'client-put'], 0.8),
  { kind: 'flat', title: 'CPU time for each GB from 1 to 5000 clients', server: OURS, curve: 'clients', within: 0.25 },
  { kind: 'flat', title: 'CPU time for each GB from 1 MB to 4 GiB', server: OURS, curve: 'sizes', within: 0.25 },
  portable('dgram driver, one lock-step client', ['lockstep-512', 'lockstep-1428'], 0.8),
  {
    ...portable('dgram driver, windows (tftpd-hpa has none: its lock-step)', ['window-4', 'window-16', 'window-64'], 1),
    peersFrom: 'lockstep-1428',
  },
]

function ratio(title: string, cases: readonly string[], atLeast: number, stretch?: number): RatioTarget {
  const more = stretch === undefined ? {} : { stretch }
  return { kind: 'ratio', title, server: OURS, cases, peers: 'all', atLeast, ...more }
}

function ceiling(title: string, cases: readonly string[], atLeast: number): CeilingTarget {
  return { kind: 'ceiling', title, server: OURS, cases, atLeast }
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
