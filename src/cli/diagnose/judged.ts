/** Captures read and judged: what the text, the JSON and the page are made of. */
import type { Diagnosis } from '../../capture/diagnosis/index.ts'
import { diagnose } from '../../capture/diagnosis/index.ts'
import type { CapturedTransfer, CaptureSummary } from '../../capture/index.ts'
import type { Replay } from '../../capture/replay/contract.ts'
import { readCapture } from '../../io/open-capture.ts'

/** Transfers of one capture that are kept, so that a capture of a whole site ends in a page and not in a full memory. */
export const MAX_JUDGED = 10_000

/** All of a transfer but its packets, which may be many. */
export type TransferFacts = Omit<CapturedTransfer, 'packets'>

export interface Judged {
  readonly transfer: TransferFacts
  readonly diagnosis: Diagnosis
  /** With --replay, of some transfers. */
  readonly replay?: Replay
}

export interface JudgedCapture {
  /** As given: a path, or `-`. */
  readonly path: string
  readonly summary: CaptureSummary
  /** In the order of their ids; at most MAX_JUDGED. */
  readonly judged: readonly Judged[]
  /** Transfers beyond that. */
  readonly dropped: number
  /** Transfers at which the diagnosis itself failed; at most MAX_JUDGED. */
  readonly unjudged: readonly Unjudged[]
}

export interface Unjudged {
  readonly transfer: TransferFacts
  /** What the diagnosis threw. */
  readonly reason: string
}

/**
 * `look` sees each transfer once, with its packets, but for those at which `judge` throws: that is a fault of ours, and the others are judged all the
 * same. Rejects with ERR_TFTP_CAPTURE as `readCapture` does.
 */
export async function judgeCapture(
  path: string,
  look: (transfer: CapturedTransfer, diagnosis: Diagnosis) => void,
  judge: (transfer: CapturedTransfer) => Diagnosis = diagnose,
): Promise<JudgedCapture> {
  const judged: Judged[] = []
  const unjudged: Unjudged[] = []
  let dropped = 0
  const summary = await readCapture(path, (transfer) => {
    if (judged.length + unjudged.length === MAX_JUDGED) {
      dropped++
      return
    }
    const { packets: _, ...facts } = transfer
    let diagnosis: Diagnosis
    try {
      diagnosis = judge(transfer)
    } catch (error) {
      unjudged.push({ transfer: facts, reason: String(error) })
      return
    }
    look(transfer, diagnosis)
    judged.push({ transfer: facts, diagnosis })
  })
  judged.sort((a, b) => a.transfer.id - b.transfer.id)
  return { path, summary, judged, dropped, unjudged }
}

/** True when the transfer did what it was asked to, nothing went wrong on its way, and the file is whole. */
export function isHealthy({ diagnosis }: Judged): boolean {
  return (
    (diagnosis.outcome === 'complete' || diagnosis.outcome === 'probe') &&
    diagnosis.causes.length === 0 &&
    diagnosis.holes.count === 0
  )
}

/** Transfers of one device and file, each begun when the one before was over; in their order. */
export function attempts(judged: readonly Judged[]): Judged[][] {
  const groups: Judged[][] = []
  const byId = new Map<number, Judged[]>()
  for (const one of judged) {
    const { id, previousAttempt } = one.transfer
    let group = previousAttempt === undefined ? undefined : byId.get(previousAttempt)
    if (group === undefined) groups.push((group = []))
    group.push(one)
    byId.set(id, group)
  }
  return groups
}

/** Groups of attempts with a transfer that is not healthy come first; else the order stays. */
export function byUrgency(groups: readonly Judged[][]): Judged[][] {
  return [...groups.filter((group) => !group.every(isHealthy)), ...groups.filter((group) => group.every(isHealthy))]
}

/** Of attempts with the same likeliest cause the surest one tells enough; attempts that may have left holes are all shown. */
export function telling(group: readonly Judged[]): readonly Judged[] {
  const best = new Map<string, Judged>()
  for (const one of group) {
    if (isHealthy(one)) continue
    const { causes, outcome, transfer } = one.diagnosis
    const key = outcome === 'possible-holes' ? `holes ${transfer}` : (causes[0]?.id ?? outcome)
    const before = best.get(key)?.diagnosis.causes[0]?.confidence ?? -1
    if ((causes[0]?.confidence ?? 0) > before) best.set(key, one)
  }
  return best.size === 0 ? group.slice(-1) : group.filter((one) => [...best.values()].includes(one))
}
