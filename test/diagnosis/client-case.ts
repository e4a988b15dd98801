/** One boot of a client that the list of clients does not have, as a capture at the server shows it. */
import { pcapngDatagram, pcapngHeader } from '../../src/capture/pcapng.ts'
import type { CapturedTransfer } from '../../src/capture/index.ts'
import { DAY_MS, type ExperimentResult, patternedImage, runExperiment } from '../../src/lab/experiment.ts'
import {
  type Fault,
  type Frame,
  type LinkOptions,
  Rng,
  SERVERS,
  type ServerName,
  serverNode,
} from '../../src/lab/index.ts'
import type { ReceivingNode } from '../../src/lab/node.ts'
import { mostDatagrams } from '../../src/lab/run.ts'
import { concat } from '../golden/capture-maker.ts'
import { CLIENT, readAll, SERVER } from '../golden/capture-scene.ts'

export interface ClientCase {
  /** It loads a file of this size. */
  readonly client: (sizeBytes: number) => ReceivingNode
  readonly server: ServerName
  readonly sizeBytes: number
  readonly seed: number
  readonly link?: Partial<LinkOptions>
  readonly faults?: (rng: Rng) => { readonly up?: readonly Fault[]; readonly down?: readonly Fault[] }
}

export interface PlayedClient {
  readonly transfers: readonly CapturedTransfer[]
  readonly result: ExperimentResult
}

const START_MS = 1_700_000_000_000
const NOTHING = (): void => {}

export function playClient({ client, server, sizeBytes, seed, link = {}, faults }: ClientCase): PlayedClient {
  const image = patternedImage(sizeBytes, 1)
  const rng = new Rng(seed, 'client case')
  const blocks: Uint8Array[] = [pcapngHeader(`a client, ${server}, seed ${seed}`)]
  const add = (now: number, { buffer, offset, length, from, to }: Frame, fromClient: boolean): void => {
    const [source, destination] = fromClient ? [CLIENT, SERVER] : [SERVER, CLIENT]
    blocks.push(
      pcapngDatagram({
        timeUs: Math.round((START_MS + now) * 1000),
        source: source.address,
        destination: destination.address,
        sourcePort: from,
        destinationPort: to,
        payload: buffer.subarray(offset, offset + length),
      }),
    )
  }
  const options = { delayMs: 0.2, ...link }
  const placed = faults?.(rng.fork('faults')) ?? {}
  const most = mostDatagrams(sizeBytes)
  const result = runExperiment({
    client: client(sizeBytes),
    server: serverNode(SERVERS[server], { image, rng: new Rng(seed, `server ${server}`) }),
    image,
    up: {
      ...options,
      rng: rng.fork('up'),
      faults: placed.up ?? [],
      tap: { sent: NOTHING, arrived: (now, frame) => add(now, frame, true) },
    },
    down: {
      ...options,
      rng: rng.fork('down'),
      faults: placed.down ?? [],
      tap: { sent: (now, frame) => add(now, frame, false), arrived: NOTHING },
    },
    limits: { untilMs: DAY_MS, maxDatagrams: 2 * most, maxSent: most },
  })
  return { transfers: readAll(concat(blocks)).transfers, result }
}
