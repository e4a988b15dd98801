/** What a soak run does, drawn from its seed: the same seed draws the same rounds on every machine. */
import { Rng } from '../../src/lab/rng.ts'

/** One process of the load generator. */
export interface Load {
  readonly direction: 'get' | 'put'
  readonly sizeBytes: number
  readonly blksize: number
  readonly windowsize: number
  readonly clients: number
  readonly transfers: number
  /** A client repeats its last packet after so long. */
  readonly timeoutMs: number
  readonly lossPercent: number
  readonly vanishPercent: number
  readonly seed: number
  /** The process is killed once so many of its transfers have started; 0 for never. */
  readonly killAfter: number
  /** get: whether the file is made anew before, by a rename or in its place, or is the one of a former round. */
  readonly file: 'renamed' | 'rewritten' | 'kept'
  /** put: names of an earlier upload are replaced, where there are any. */
  readonly replaces: boolean
}

export interface Round {
  /** They run at the same time. */
  readonly loads: readonly Load[]
  /** SIGHUP once so many transfers of the round have started; 0 for never. */
  readonly reloadAfter: number
}

const MOST_LOADS = 4
const MOST_CLIENTS = 500
/** Of a load of small files. Starting its process takes as long as hundreds of them. */
const LEAST_TRANSFERS = 1000
/** DATA packets of one load, resent ones not counted: a round takes seconds, not minutes. */
const MOST_BLOCKS = 300_000
/** One transfer runs at most a little past the rollover of the block number. */
const MOST_BLOCKS_EACH = 70_000
/** Uploads of one load are files that lie beside each other. */
const MOST_PUT_BYTES = 128 * 1024 * 1024
const MOST_GET_BYTES = 512 * 1024 * 1024
const LARGEST_BYTES = 4 * 1024 * 1024
/** What clients may lose in waiting for their own timers, one after the other. */
const MOST_WAIT_MS = 4000
const USUAL_BLKSIZES = [8, 128, 512, 512, 1024, 1428, 1468, 4096, 8192] as const
/**
 * A client gives up after nine of these. The server says a lost OACK again after a second: with less than half a second, three
 * packets lost in a row would be a failure, and in a million transfers there are some.
 */
const TIMEOUTS_MS = [500, 1000, 2000] as const

/** Round `index` of `seed`. A load has `mostTransfers` at most. */
export function drawRound(seed: number, index: number, mostTransfers: number): Round {
  const rng = new Rng(seed).fork(`round ${index}`)
  const loads = Array.from({ length: 1 + rng.int(MOST_LOADS) }, (_, i) =>
    drawLoad(rng.fork(`load ${i}`), mostTransfers),
  )
  return { loads, reloadAfter: rng.chance(0.2) ? 1 + rng.int(loads[0].transfers) : 0 }
}

function drawLoad(rng: Rng, mostTransfers: number): Load {
  const direction = rng.chance(0.4) ? 'put' : 'get'
  const blksize = rng.chance(0.6) ? USUAL_BLKSIZES[rng.int(USUAL_BLKSIZES.length)] : 8 + rng.int(8185)
  const windowsize = rng.chance(0.5) ? 1 : 1 + rng.int(64)
  const sizeBytes = Math.min(drawSize(rng), blksize * MOST_BLOCKS_EACH)
  const blocks = Math.floor(sizeBytes / blksize) + 1
  const timeoutMs = TIMEOUTS_MS[rng.int(TIMEOUTS_MS.length)]
  const isLossy = rng.chance(0.4)
  const clients = Math.round(rng.logUniform(direction === 'get' && isLossy ? 100 : 1, MOST_CLIENTS))
  const lossPercent = !isLossy ? 0 : Math.min(rng.float() * 3, (MOST_WAIT_MS / (blocks * timeoutMs)) * 100)
  const waitEachMs = (blocks * timeoutMs * lossPercent) / 100
  const transfers = Math.max(
    1,
    Math.floor(
      Math.min(
        rng.logUniform(Math.min(LEAST_TRANSFERS, mostTransfers), mostTransfers),
        MOST_BLOCKS / blocks,
        (direction === 'put' ? MOST_PUT_BYTES : MOST_GET_BYTES) / Math.max(1, sizeBytes),
        waitEachMs > 0 ? (MOST_WAIT_MS / waitEachMs) * clients : Infinity,
        // A lost final ACK makes the server repeat blocks: they must not reach another transfer of the same port.
        direction === 'get' && isLossy ? clients : Infinity,
      ),
    ),
  )
  return {
    direction,
    sizeBytes,
    blksize,
    windowsize,
    clients: Math.min(clients, transfers),
    transfers,
    timeoutMs,
    lossPercent: Math.round(lossPercent * 1000) / 1000,
    vanishPercent: rng.chance(0.15) ? 1 + rng.int(10) : 0,
    seed: rng.next(),
    killAfter: rng.chance(direction === 'put' ? 0.15 : 0.05) ? 1 + rng.int(transfers) : 0,
    file: rng.chance(0.4) ? 'kept' : rng.chance(0.5) ? 'renamed' : 'rewritten',
    replaces: rng.chance(0.5),
  }
}

/** Most are small; some are empty, and some have a few megabytes. */
function drawSize(rng: Rng): number {
  const kind = rng.float()
  if (kind < 0.05) return 0
  if (kind < 0.75) return Math.floor(rng.logUniform(1, 16 * 1024))
  if (kind < 0.95) return Math.floor(rng.logUniform(16 * 1024, 256 * 1024))
  return Math.floor(rng.logUniform(256 * 1024, LARGEST_BYTES))
}
