/** Of what may have been captured, what repeats the capture best in the lab. */
import type { Device } from '../../lab/device/device.ts'
import type { ServerName } from '../../lab/server/catalogue.ts'
import type { FittedClient } from './client-fit.ts'
import type { CapturedFacts, ReplayRow } from './contract.ts'
import { behindServer, deviceOf, type Hypotheses } from './fit.ts'
import { playRow } from './play.ts'

export interface Choice {
  readonly device: Device
  readonly client: FittedClient
  readonly server: ServerName
}

/** Boots of each hypothesis. */
const SEEDS = 3
/** Of a longer file this much tells them apart. */
const MAX_BLOCKS = 2048
/** What a hypothesis has to gain over one that is likelier from the start. */
const PRIOR = 0.1
/** Weights of a distance, in factors of e. */
const WEIGHT = { outcome: 2, timeouts: 0.3, msOfFailed: 0.3 } as const

/** Undefined when the client can have none of the faults. First server and faults are chosen, then the client. */
export function choose(options: Hypotheses, captured: CapturedFacts, blksize: number): Choice | undefined {
  const { clients, faultSets, servers } = options
  const sizeBytes = Math.min(options.sizeBytes, MAX_BLOCKS * blksize)
  let best: (Choice & { faults: (typeof faultSets)[number]; distance: number }) | undefined
  const isOnly = clients.length * faultSets.length * servers.length === 1
  const consider = (
    client: FittedClient,
    faults: (typeof faultSets)[number],
    server: ServerName,
    prior: number,
  ): void => {
    const device = deviceOf(options, client, faults)
    if (device === undefined) return
    const distance = isOnly
      ? 0
      : prior * PRIOR + distanceOf(playRow(behindServer(device, options), server, sizeBytes, SEEDS), captured)
    if (best === undefined || distance < best.distance) best = { device, client, server, faults, distance }
  }
  for (const [f, faults] of faultSets.entries())
    for (const [s, server] of servers.entries()) consider(clients[0], faults, server, f + s)
  const first = best
  if (first === undefined) return undefined
  for (const client of clients.slice(1)) consider(client, first.faults, first.server, 1)
  return best
}

function distanceOf({ runs, intact, holed, ms, blocks, clientTimeouts }: ReplayRow, captured: CapturedFacts): number {
  const ended = intact + holed
  const agreeing = (captured.isDone ? ended : runs - ended) / runs
  const timeouts = apart(clientTimeouts.median + 1, captured.clientTimeouts + 1)
  const pace = captured.isDone
    ? apart(ms.median / Math.max(1, blocks.median), captured.ms / Math.max(1, captured.blocks))
    : apart(blocks.median + 1, captured.blocks + 1) + WEIGHT.msOfFailed * apart(ms.median, captured.ms)
  return WEIGHT.outcome * (1 - agreeing) + pace + WEIGHT.timeouts * timeouts
}

function apart(a: number, b: number): number {
  return Math.abs(Math.log(Math.max(1e-3, a) / Math.max(1e-3, b)))
}
