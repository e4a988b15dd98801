/** Plays the client of a capture in the lab: against the server that was captured, to see whether the model holds, and against Foresend. */
import type { Device } from '../../lab/device/device.ts'
import type { ServerName } from '../../lab/server/catalogue.ts'
import type { CapturedPackets, CapturedTransfer } from '../contract.ts'
import type { Diagnosis } from '../diagnosis/index.ts'
import { choose } from './choose.ts'
import type { FittedClient } from './client-fit.ts'
import type { CapturedFacts, FittedDevice, Replay, ReplayRow, Spread, Trust } from './contract.ts'
import { behindServer, canWindow, deviceOf, type Hypotheses, hypotheses } from './fit.ts'
import { playRow } from './play.ts'

/** A device whose window is not known gets this one in the row `negotiated`. */
const WINDOWSIZE = 8
/** Within this factor a prediction holds. */
const CLOSE = 1.3
const NEAR = 3

/** `seeds` boots for each row. Undefined for what the lab cannot play: see `hypotheses`. */
export function replay(transfer: CapturedTransfer, diagnosis: Diagnosis, seeds: number): Replay | undefined {
  const played = playModel(transfer, diagnosis, seeds)
  if (played === undefined) return undefined
  const { options, client, ...rest } = played
  const { device, sizeBytes } = rest.fitted
  const asked = Number(device.client.values.windowsize ?? 1)
  const windowsize = asked > 1 ? asked : WINDOWSIZE
  const play = (of: Device, by: ServerName): ReplayRow => playRow(of, by, sizeBytes, seeds)
  const plain = asked > 1 ? withWindow(device, 1) : device
  // Of clients that send the same request an older one may have no windows.
  const windowed = [client, ...options.clients].find(({ model }) => canWindow(model))
  const windowedDevice = windowed === undefined ? undefined : deviceOf(options, windowed, device.faults)
  return {
    ...rest,
    policies: {
      strict: play(plain, 'foresend-strict'),
      negotiated: windowedDevice === undefined ? undefined : play(withWindow(windowedDevice, windowsize), 'foresend'),
      'fixed-2': play(plain, 'foresend-window-2'),
      auto: play(plain, 'foresend'),
    },
    windowsize,
  }
}

/** The model alone, against that of the captured server. */
export function playModel(transfer: CapturedTransfer, diagnosis: Diagnosis, seeds: number): PlayedModel | undefined {
  const options = hypotheses(transfer, diagnosis)
  if (options === undefined) return undefined
  const captured = capturedFacts(transfer, diagnosis, options)
  const choice = choose(options, captured, transfer.agreed.blksize)
  if (choice === undefined) return undefined
  const { device, client, server } = choice
  const { sizeBytes, sizeFrom, serverFrom, clients, notes } = options
  const model = playRow(behindServer(device, options), server, sizeBytes, seeds)
  const fitted: FittedDevice = {
    device,
    orElse: clients.filter((one) => one !== client).map((one) => one.model),
    isRequestSame: client.isRequestSame,
    sizeBytes,
    sizeFrom,
    server,
    serverFrom,
    notes: [...notes, ...(serverFrom === 'assumed' ? [`the server was not recognised: ${server} stands for it`] : [])],
  }
  return { options, client, fitted, captured, model, ...trustOf(captured, model, transfer) }
}

export interface PlayedModel extends Omit<Replay, 'policies' | 'windowsize'> {
  readonly options: Hypotheses
  readonly client: FittedClient
}

function withWindow(device: Device, windowsize: number): Device {
  const { model, values } = device.client
  return { ...device, client: { model, values: { ...values, windowsize } } }
}

/** Of a file whose beginning is played the time is that of the same part. */
function capturedFacts(
  { outcome, blocks, agreed, packets }: CapturedTransfer,
  { figures, holes }: Diagnosis,
  { sizeBytes, sizeFrom }: Hypotheses,
): CapturedFacts {
  // The device of which only the last ACK is missing has the file, as far as anything shows.
  const isDone = outcome.type === 'complete' || outcome.type === 'last-ack-missing'
  const played = Math.floor(sizeBytes / Math.max(1, agreed.blksize)) + 1
  const share = isDone && sizeFrom === 'capture' ? Math.min(1, played / Math.max(1, blocks.sent)) : 1
  return {
    isDone,
    // A server repeats the final block for long; the device has been done since it spoke last.
    ms: share * (outcome.type === 'last-ack-missing' ? lastOfClient(packets) : outcome.atMs),
    clientTimeouts: figures.clientTimerPackets,
    blocks: Math.round(share * blocks.acknowledged),
    holes: holes.count,
  }
}

function lastOfClient(packets: CapturedPackets): number {
  for (let i = packets.length - 1; i >= 0; i--) if (packets.fromClient(i)) return packets.timeMs(i)
  return 0
}

function trustOf(
  captured: CapturedFacts,
  model: ReplayRow,
  { outcome, blocks, agreed }: CapturedTransfer,
): Pick<Replay, 'trust' | 'because'> {
  if (outcome.type === 'error' && outcome.from === 'server' && blocks.sent === 0 && agreed.oack === undefined)
    return { trust: 'poor', because: 'the captured server refused the request: there is nothing to compare with' }
  const { isDone } = captured
  const agreeing = isDone ? model.intact + model.holed : model.runs - model.intact - model.holed
  const ended = isDone ? 'ends' : 'stops'
  if (agreeing * 4 < model.runs)
    return {
      trust: 'poor',
      because: `the captured transfer ${isDone ? 'ended' : 'stopped'}, and the model ${ended} in ${agreeing} of ${model.runs} boots only`,
    }
  // How long a transfer that stops takes depends on who gives up last; how far it comes does not.
  const agreement = isDone ? agreementOf(captured.ms, model.ms) : agreementOf(captured.blocks, model.blocks)
  const trust = agreeing * 2 < model.runs && agreement === 'good' ? 'fair' : agreement
  const figures = isDone
    ? `in ${timeText(model.ms.median)}, where the capture shows ${timeText(captured.ms)}`
    : `at block ${Math.round(model.blocks.median)}, where the capture shows ${captured.blocks}`
  return { trust, because: `the model of the captured server ${ended} ${figures}` }
}

function timeText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** The captured transfer is one boot more: it lies among the others, or not far from their median. */
function agreementOf(was: number, { median: middle, least, most }: Spread): Trust {
  if (was >= least && was <= most) return 'good'
  const ratio = was > middle ? was / Math.max(1, middle) : middle / Math.max(1, was)
  return ratio <= CLOSE ? 'good' : ratio <= NEAR ? 'fair' : 'poor'
}
