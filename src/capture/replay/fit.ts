/** The device of the lab that behaves as the client of a capture does. */
import { canHave, type Device, type DeviceFault } from '../../lab/device/device.ts'
import { CLIENTS, type ClientName } from '../../lab/device/clients.ts'
import { whyNoBoot } from '../../lab/device/bootable.ts'
import { SERVERS, type ServerName } from '../../lab/server/catalogue.ts'
import type { CapturedTransfer } from '../contract.ts'
import type { Diagnosis } from '../diagnosis/index.ts'
import { type View, viewOf } from '../diagnosis/view/view.ts'
import { behaviourOf } from '../seen.ts'
import { fitClients, type FittedClient } from './client-fit.ts'
import { type FittedDevice, MAX_REPLAY_BLOCKS, SIZE_WHEN_UNKNOWN } from './contract.ts'
import { fitFaults } from './fault-fit.ts'
import { paceOf } from './pace.ts'

/** Where nothing shows the way to the device: a cable and a switch. */
const USUAL_DELAY_MS = 0.075
const LONGEST_DELAY_MS = 60_000

/** What may have been captured, each list with the likeliest first; `choose` finds out which of them repeats the capture best. */
export interface Hypotheses {
  readonly clients: readonly FittedClient[]
  readonly faultSets: readonly (readonly DeviceFault[])[]
  readonly servers: readonly ServerName[]
  readonly serverFrom: FittedDevice['serverFrom']
  /** One way, with the time that the client takes; and the share of each way that the captured server takes to answer. */
  readonly delayMs: number
  readonly serverDelayMs: number
  readonly sizeBytes: number
  readonly sizeFrom: FittedDevice['sizeFrom']
  readonly notes: readonly string[]
}

/** Undefined for what the lab cannot play: an upload, a size probe, a capture that began behind the request. */
export function hypotheses(transfer: CapturedTransfer, diagnosis: Diagnosis): Hypotheses | undefined {
  const { direction, request, outcome, vantage, packets } = transfer
  if (direction !== 'read' || request === undefined || outcome.type === 'probe' || outcome.type === 'unanswered')
    return undefined
  const view = viewOf(transfer)
  const { clientTimerMs, medianAckMs } = diagnosis.figures
  const { clientMs = medianAckMs ?? 2 * USUAL_DELAY_MS, serverMs = 0 } = paceOf(packets)
  const clients = fitClients(request, behaviourOf(transfer), ignoresRepeats(view), clientTimerMs)
  const { sets, leftOut } = fitFaults(view, diagnosis)
  const { isRequestSame, model } = clients[0]
  const size = sizeOf(transfer)
  return {
    clients,
    faultSets: sets,
    ...serversOf(view, diagnosis),
    delayMs: Math.min(LONGEST_DELAY_MS, clientMs / 2),
    serverDelayMs: Math.min(LONGEST_DELAY_MS, serverMs) / 2,
    ...size,
    notes: [
      ...(isRequestSame ? [] : [`no client of the lab sends this request; ${model} is the nearest`]),
      ...leftOut.map((id) => `the lab has no fault like ${id}: it is left out`),
      ...(size.sizeFrom === 'assumed' ? ['the capture does not tell the size of the file'] : []),
      ...(vantage.at === 'client' || vantage.at === 'middle'
        ? ['not captured at the server: latency and losses belong to that place']
        : []),
    ],
  }
}

/** By the habits of the client in the likeliest story. */
function ignoresRepeats({ judgement }: View): boolean {
  return judgement.judged[0]?.story.habits.repeat === 'silent'
}

/** Undefined where the client cannot have such faults, or cannot boot with them. */
export function deviceOf(
  { delayMs }: Hypotheses,
  { model, values }: FittedClient,
  faults: readonly DeviceFault[],
): Device | undefined {
  const device: Device = {
    name: 'captured',
    description: 'the client of a capture',
    source: 'a capture',
    client: { model, values },
    faults,
    link: { delayMs },
  }
  const isPossible = faults.every(({ fault }) => canHave(device, fault)) && whyNoBoot(device) === undefined
  return isPossible ? device : undefined
}

/** The beginning of a long file, and never less than what was seen. */
function sizeOf({ agreed, blocks }: CapturedTransfer): Pick<FittedDevice, 'sizeBytes' | 'sizeFrom'> {
  const most = MAX_REPLAY_BLOCKS * agreed.blksize
  const known =
    agreed.tsizeBytes ?? (blocks.final === undefined || blocks.neverSeen.count > 0 ? undefined : blocks.bytes)
  if (known !== undefined) return { sizeBytes: Math.min(most, known), sizeFrom: 'capture' }
  return { sizeBytes: Math.min(most, Math.max(SIZE_WHEN_UNKNOWN, 2 * blocks.bytes)), sizeFrom: 'assumed' }
}

/** By what the diagnosis recognised; a window tells variants of one program apart. */
function serversOf({ transfer, latencies }: View, { server }: Diagnosis): Pick<Hypotheses, 'servers' | 'serverFrom'> {
  const isWindowed = transfer.agreed.windowsize > 1
  const { windowBlocks } = latencies
  const named: Readonly<Record<string, ServerName>> = {
    'tftp-hpa': isWindowed ? 'tftp-hpa-6.0' : 'tftp-hpa-5.2',
    atftpd: 'atftpd-0.8',
    tftpd64: windowBlocks <= 1 ? 'tftpd64' : windowBlocks > 4 ? 'tftpd64-3584' : 'tftpd64-1000',
    pytftpd: windowBlocks > 1 ? 'pytftpd-2' : 'pytftpd',
    'pin-anticipate': 'pin-anticipate-2',
  }
  const names = server === undefined ? [] : [server.name, ...server.orElse]
  const known = names
    .map((name) => named[name] ?? name)
    .filter((name): name is ServerName => Object.hasOwn(SERVERS, name))
  if (known.length > 0) return { servers: known.slice(0, MOST_SERVERS), serverFrom: 'recognised' }
  return { servers: [isWindowed ? 'tftp-hpa-6.0' : 'tftp-hpa-5.2', 'foresend'], serverFrom: 'assumed' }
}

const MOST_SERVERS = 3

/** The same device in front of the captured server, which takes its time as well. */
export function behindServer(device: Device, { serverDelayMs }: Hypotheses): Device {
  return { ...device, link: { delayMs: Number(device.link.delayMs) + serverDelayMs } }
}

/** Whether the model of the client can ask for a window. */
export function canWindow(model: ClientName): boolean {
  return 'windowsize' in CLIENTS[model].parameters
}
