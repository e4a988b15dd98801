/** Which transfers are replayed, and the words of a replay for text and page. */
import type { Diagnosis } from '../../capture/diagnosis/index.ts'
import type { CapturedTransfer } from '../../capture/index.ts'
import type { Replay, ReplayRow, Spread, Trust } from '../../capture/replay/contract.ts'
import { replay } from '../../capture/replay/replay.ts'
import { faultsText, type DeviceFault } from '../../lab/index.ts'
import { countText, durationText } from '../render/units.ts'
import { isHealthy, type JudgedCapture } from './judged.ts'
import { spanText } from './words.ts'

/** Transfers of one capture that are replayed, each in a second or a few: those that failed come first. */
export const MAX_REPLAYS = 3

/** Keeps those worth a replay, with their packets, while a capture is read. */
export class Replays {
  readonly #boots: number
  readonly #failed: [CapturedTransfer, Diagnosis][] = []
  #healthy: [CapturedTransfer, Diagnosis] | undefined

  constructor(boots: number) {
    this.#boots = boots
  }

  add(transfer: CapturedTransfer, diagnosis: Diagnosis): void {
    if (transfer.direction !== 'read' || transfer.request === undefined) return
    if (isHealthy({ transfer, diagnosis })) {
      if (transfer.outcome.type === 'complete') this.#healthy = [transfer, diagnosis]
    } else if (this.#failed.length < MAX_REPLAYS) this.#failed.push([transfer, diagnosis])
  }

  /** The capture with what the replays came to; a healthy transfer is replayed where nothing else is. */
  into(capture: JudgedCapture): JudgedCapture {
    const done = new Map<number, Replay>()
    const play = ([transfer, diagnosis]: [CapturedTransfer, Diagnosis]): void => {
      const played = replay(transfer, diagnosis, this.#boots)
      if (played !== undefined) done.set(transfer.id, played)
    }
    this.#failed.forEach(play)
    if (done.size === 0 && this.#healthy !== undefined) play(this.#healthy)
    const judged = capture.judged.map((one) => {
      const played = done.get(one.transfer.id)
      return played === undefined ? one : { ...one, replay: played }
    })
    return { ...capture, judged }
  }
}

export interface ReplayTableRow {
  readonly title: string
  readonly done: string
  readonly time: string
  readonly timeouts: string
  readonly holes: string
  readonly tone: 'good' | 'careful' | 'bad' | 'plain'
}

export const REPLAY_COLUMNS = ['server', 'done', 'time', 'timeouts', 'holes'] as const

/** What was captured, the model of it, and Foresend's policies. */
export function replayRows({ captured, fitted, model, policies, windowsize }: Replay): ReplayTableRow[] {
  const foresend: [string, ReplayRow | undefined][] = [
    ['foresend --window strict', policies.strict],
    ['foresend --window 2', policies['fixed-2']],
    ['foresend (default)', policies.auto],
    [`foresend, windowsize ${windowsize} asked`, policies.negotiated],
  ]
  return [
    {
      title: 'as captured',
      done: captured.isDone ? 'yes' : 'no',
      time: captured.isDone ? durationText(captured.ms) : `stopped at block ${captured.blocks}`,
      timeouts: String(captured.clientTimeouts),
      holes: captured.holes > 0 ? 'perhaps' : '-',
      tone: 'plain',
    },
    playedRow(`a model of ${fitted.server}`, model, 'plain'),
    ...foresend.map(([title, row]): ReplayTableRow => {
      if (row === undefined)
        return { title, done: '-', time: 'cannot ask for it', timeouts: '-', holes: '-', tone: 'plain' }
      return playedRow(title, row, row.intact === row.runs ? 'good' : row.intact > 0 ? 'careful' : 'bad')
    }),
  ]
}

function playedRow(title: string, row: ReplayRow, tone: ReplayTableRow['tone']): ReplayTableRow {
  const { runs, intact, holed, ms, blocks, clientTimeouts } = row
  const failed = intact + holed === 0
  return {
    title,
    done: `${intact} of ${runs}`,
    time: failed ? `stops at block ${Math.round(blocks.median)}` : spreadText(ms),
    timeouts: String(Math.round(clientTimeouts.median)),
    holes: holed > 0 ? `${holed} of ${runs}` : '0',
    tone,
  }
}

function spreadText({ median, least, most }: Spread): string {
  const [low, middle, high] = [least, median, most].map(durationText)
  return low === high ? middle : `${middle} (${low} to ${high})`
}

const TRUST: Readonly<Record<Trust, string>> = {
  good: 'The model can be trusted',
  fair: 'The model is roughly right',
  poor: 'Do not trust these numbers',
}

/** What Foresend's default would have done, and how far the model can be trusted. */
export function replayVerdict({ policies, trust, because }: Replay): string {
  const { auto } = policies
  const outcome =
    auto === undefined || auto.intact === 0
      ? 'Foresend would not have delivered this file either'
      : `Foresend would have delivered this file in ${durationText(auto.ms.median)}, in ${auto.intact} of ${countText(auto.runs, 'boot')}`
  return `${outcome}. ${TRUST[trust]}: ${because}.`
}

/** What the model is. */
export function replayModel({ fitted }: Replay): string {
  const { device, orElse, notes } = fitted
  const { model } = device.client
  const others = orElse.length === 0 ? '' : ` (${orElse.join(', ')} would send the same request)`
  const roundTripMs = 2 * Number(device.link.delayMs)
  const faults = device.faults.length === 0 ? 'no fault' : faultsText(device.faults.map(short))
  const said = notes.length === 0 ? '' : `. ${notes.map((note) => `Note: ${note}`).join('. ')}`
  return `client ${model}${others}, round trip ${spanText(roundTripMs)}, ${faults}; ${Math.round(fitted.sizeBytes / 1000)} kB played${said}.`
}

/** Numbers that were measured have no more digits than that. */
function short({ fault, values }: DeviceFault): DeviceFault {
  const rounded = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'number' ? Number(value.toPrecision(2)) : value,
  ])
  return { fault, values: Object.fromEntries(rounded) as DeviceFault['values'] }
}

/** For programs. Names stay. */
export function replayJson({ fitted, captured, model, policies, trust, because, windowsize }: Replay): object {
  const { device, orElse, isRequestSame, sizeBytes, sizeFrom, server, serverFrom, notes } = fitted
  return {
    trust,
    because,
    client: {
      model: device.client.model,
      values: device.client.values,
      orElse,
      sendsSameRequest: isRequestSame,
      roundTripMs: 2 * Number(device.link.delayMs),
      faults: device.faults.map(({ fault, values }) => ({ fault, ...values })),
    },
    sizeBytes,
    sizeFrom,
    captured,
    server: { model: server, from: serverFrom, ...model },
    policies: {
      strict: policies.strict ?? null,
      negotiated: policies.negotiated === undefined ? null : { windowsize, ...policies.negotiated },
      'fixed-2': policies['fixed-2'] ?? null,
      auto: policies.auto ?? null,
    },
    notes,
  }
}
