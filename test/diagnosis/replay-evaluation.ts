/** How well a model that is fitted to a capture of the lab repeats it: the parameters are known here. */
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { type PlayedModel, playModel } from '../../src/capture/replay/replay.ts'
import type { CapturedTransfer } from '../../src/capture/index.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import { canHave, type DeviceFault } from '../../src/lab/device/device.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { EVALUATED_CLIENTS, sizeFor } from './evaluation.ts'
import { mainOf, play } from './lab-case.ts'

export interface ReplayCase {
  readonly fault: DeviceFault
  readonly client: ClientName
  readonly server: ServerName
  readonly seed: number
  readonly blocks?: number
}

export interface EvaluatedReplay {
  readonly transfer: CapturedTransfer
  readonly model: PlayedModel
  /** The client's model is the one that was played; `level`: it is among those that send the same. */
  readonly kind: 'right' | 'level' | 'wrong'
  /** Fitted by true share of lost packets; undefined where the fault has none, or the other direction was fitted. */
  readonly pRatio: number | undefined
  /** Time of the captured server's model by that of the capture; of a transfer that stopped, the blocks that it reached. */
  readonly ratio: number
}

/** Undefined where the client cannot have the fault, or the capture shows nothing to play. `boots` of the model. */
export function evaluateReplay(one: ReplayCase, boots: number): EvaluatedReplay | undefined {
  const { fault, client, server, seed, blocks } = one
  const values = EVALUATED_CLIENTS[client] ?? {}
  const faults = fault.fault === 'none' ? [] : [fault]
  const device = { name: client, description: '', source: '', client: { model: client, values }, faults: [], link: {} }
  if (!canHave(device, fault.fault)) return undefined
  const { transfers } = play({ client, values, faults, server, sizeBytes: sizeFor(client, blocks), seed })
  const main = mainOf(transfers)
  const played = main === undefined ? undefined : playModel(main, diagnose(main), boots)
  if (main === undefined || played === undefined) return undefined
  const { device: fitted, orElse } = played.fitted
  const name = fitted.client.model
  const p = fitted.faults.find((fit) => fit.fault === fault.fault)?.values.p
  return {
    transfer: main,
    model: played,
    kind: name === client ? 'right' : orElse.includes(client) ? 'level' : 'wrong',
    pRatio: typeof p === 'number' && typeof fault.values.p === 'number' ? p / fault.values.p : undefined,
    ratio: played.captured.isDone
      ? played.model.ms.median / Math.max(1, played.captured.ms)
      : (played.model.blocks.median + 1) / (played.captured.blocks + 1),
  }
}

/** Within this share of the truth, as much below as above. */
export function isWithin(ratio: number, share: number): boolean {
  return ratio >= 1 - share && ratio <= 1 / (1 - share)
}
