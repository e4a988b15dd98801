/** Which targets were met: figures in, verdicts out. */
import { CURVES } from './cases.ts'
import {
  advantage,
  type CaseFigures,
  comparable,
  type Figures,
  figuresOf,
  isOurs,
  type Sample,
  type ServerFigures,
} from './figures.ts'
import { digits } from './numbers.ts'
import { type RatioTarget, type Target, TARGETS } from './targets.ts'

export interface Verdict {
  readonly target: Target
  /** The case, or the curve. */
  readonly where: string
  /** What was found, in words: `5.2 x tftpd-hpa`. */
  readonly found: string
  /** What is wanted: `at least 4.5 x`. */
  readonly wanted: string
  /** Undefined when it cannot be told. */
  readonly met?: boolean
  /** Only where the target has one; alone where the target is nothing else. */
  readonly stretchMet?: boolean
}

export function judge(figures: Figures, targets: readonly Target[] = TARGETS): Verdict[] {
  return targets.flatMap((target) => {
    switch (target.kind) {
      case 'ratio':
        return each(figures, target.cases, (found) => judgeRatio(figures, target, found))
      case 'at most':
        return each(figures, target.cases, (found) => judgeAtMost(target, found))
      case 'cheaper':
        return figures.cases
          .filter(({ unit, servers }) => unit === 'MB/s' && servers.some(({ server }) => !isOurs(server)))
          .flatMap((found) => judgeCheaper(target, found) ?? [])
      case 'ceiling':
        return each(figures, target.cases, (found) => judgeCeiling(target, found))
      case 'flat':
        return judgeFlat(figures, target) ?? []
    }
  })
}

/** A case that was not part of the run is not judged. */
function each(figures: Figures, names: readonly string[], one: (found: CaseFigures) => Verdict): Verdict[] {
  return names.flatMap((name) => {
    const found = caseOf(figures, name)
    return found === undefined ? [] : [one(found)]
  })
}

export function caseOf(figures: Figures, name: string): CaseFigures | undefined {
  return figures.cases.find((found) => found.name === name && found.skipped === undefined)
}

function judgeRatio(figures: Figures, target: RatioTarget, found: CaseFigures): Verdict {
  const { atLeast, stretch, server } = target
  const base = {
    target,
    where: found.name,
    wanted: `at least ${atLeast} x${stretch === undefined ? '' : ` (${stretch} x)`}`,
  }
  const own = figuresOf(found, server)
  const ours = comparable(own)
  if (ours === undefined) return withoutFigure(base, own)
  const from = target.peersFrom === undefined ? found : caseOf(figures, target.peersFrom)
  const ratios = (from?.servers ?? [])
    .filter((peer) => isMeant(target, peer.server))
    .flatMap((peer) => {
      const theirs = comparable(peer)?.value
      return theirs === undefined ? [] : [{ peer: peer.server, ratio: advantage(found.unit, ours.value, theirs) }]
    })
    .toSorted((a, b) => a.ratio - b.ratio)
  const [least] = ratios
  if (least === undefined) return { ...base, found: 'no peer that can do it' }
  const met = least.ratio >= atLeast
  const verdict = { ...base, found: `${digits(least.ratio)} x ${least.peer}`, met }
  return stretch === undefined ? verdict : { ...verdict, stretchMet: least.ratio >= stretch }
}

function isMeant({ peers }: RatioTarget, server: string): boolean {
  if (isOurs(server)) return false
  if (peers === 'all') return true
  return 'only' in peers ? peers.only.includes(server) : !peers.but.includes(server)
}

function judgeAtMost(target: Extract<Target, { kind: 'at most' }>, found: CaseFigures): Verdict {
  const { atMost, stretch, measure } = target
  const base = { target, where: found.name, wanted: `at most ${atMost}${stretch === undefined ? '' : ` (${stretch})`}` }
  const own = figuresOf(found, target.server)
  if (own?.median === undefined) return withoutFigure(base, own)
  // Of failures the worst sample counts, not the median.
  const worst = (field: 'value' | 'failed'): number => Math.max(...own.samples.map((sample) => sample[field]))
  const value = measure === 'failed' || found.unit === 'failed' ? worst(measure) : own.median.value
  const verdict = { ...base, found: digits(value), met: value <= atMost }
  return stretch === undefined ? verdict : { ...verdict, stretchMet: value <= stretch }
}

function judgeCheaper(target: Target, found: CaseFigures): Verdict | undefined {
  const base = { target, where: found.name, wanted: 'below every peer' }
  const own = figuresOf(found, target.server)
  const ours = cpuOf(comparable(own))
  const [best] = found.servers
    .filter(({ server }) => !isOurs(server))
    .flatMap((peer) => {
      const theirs = cpuOf(comparable(peer))
      return theirs === undefined ? [] : [{ peer: peer.server, theirs }]
    })
    .toSorted((a, b) => a.theirs - b.theirs)
  // Too short a measurement tells nothing of CPU time.
  if (best === undefined || (ours === undefined && own?.median !== undefined)) return undefined
  if (ours === undefined) return withoutFigure(base, own)
  return { ...base, found: `${digits(ours)} s, ${best.peer} ${digits(best.theirs)} s`, met: ours < best.theirs }
}

function judgeCeiling(target: Extract<Target, { kind: 'ceiling' }>, found: CaseFigures): Verdict {
  const share = `${Math.round(target.atLeast * 100)} %`
  const base = { target, where: found.name, wanted: target.isStretch === true ? `(${share})` : `at least ${share}` }
  const own = figuresOf(found, target.server)
  const ours = comparable(own)
  if (ours === undefined) return target.isStretch === true ? { ...base, found: 'no figure' } : withoutFigure(base, own)
  if (found.ceiling === undefined) return { ...base, found: 'no ceiling measured' }
  const reached = ours.value / found.ceiling.median
  const met = reached >= target.atLeast
  const text = `${Math.round(reached * 100)} % of the ceiling`
  return target.isStretch === true ? { ...base, found: text, stretchMet: met } : { ...base, found: text, met }
}

function judgeFlat(figures: Figures, target: Extract<Target, { kind: 'flat' }>): Verdict | undefined {
  const curve = CURVES.find(({ name }) => name === target.curve)
  const points = (curve?.points ?? []).flatMap(({ caseName, label }) => {
    const cpu = cpuOf(comparable(figuresOf(caseOf(figures, caseName), target.server)))
    return cpu === undefined ? [] : [{ label, cpu }]
  })
  if (points.length < 2) return undefined
  const sorted = points.toSorted((a, b) => a.cpu - b.cpu)
  const [least, most] = [sorted[0], sorted.at(-1)] as [(typeof sorted)[0], (typeof sorted)[0]]
  const above = most.cpu / least.cpu - 1
  const missing = (curve?.points.length ?? 0) - points.length
  return {
    target,
    where: target.curve,
    wanted: `within ${Math.round(target.within * 100)} %`,
    found: `${Math.round(above * 100)} % from ${least.label} to ${most.label}${missing === 0 ? '' : `, ${missing} points missing`}`,
    ...(missing === 0 || above > target.within ? { met: above <= target.within } : {}),
  }
}

function cpuOf(sample: Sample | undefined): number | undefined {
  return sample?.cpuSecondsPerGb
}

function withoutFigure(base: Pick<Verdict, 'target' | 'where' | 'wanted'>, own: ServerFigures | undefined): Verdict {
  // A server that was not part of the run missed nothing.
  if (own === undefined) return { ...base, found: `no ${base.target.server} in this run` }
  return { ...base, found: own.note ?? 'no figure', met: false }
}
