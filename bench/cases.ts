/** What is measured: one line each. Each server gets the same files; a fast one gets more of them in the same time. */

export interface TransferCase {
  readonly kind: 'get' | 'put'
  readonly name: string
  readonly title: string
  readonly clients: number
  /** In all; without it as many as fill the time of a measurement. */
  readonly transfers?: number
  readonly sizeBytes: number
  readonly blksize: number
  readonly windowsize: number
  /** Of the datagrams that the clients send, and of those that they get. */
  readonly lossPercent?: number
  /** What is counted: bytes, transfers per second, or transfers that failed. */
  readonly unit: 'MB/s' | 'starts/s' | 'failed'
  /** Only these take part: where there is nothing to compare. */
  readonly only?: 'ours' | 'batch'
  /** The clients do not repeat themselves, and what is not done by then has failed. */
  readonly onlySeconds?: number
  /** A server of its own that is ended afterwards: what failed before is not in its way. */
  readonly fresh?: true
  readonly folder?: 'memory' | 'disk'
  /** Zeros that take no room; what arrives is counted but not compared. */
  readonly sparse?: true
  /** What the sockets allow without TFTP is measured beside it. */
  readonly ceiling?: true
  /** How much of the run's time it may take, in shares of a usual case. */
  readonly weight?: number
  /** A point of a curve only, not a row of the table. */
  readonly curveOnly?: true
}

export interface MemoryCase {
  readonly kind: 'memory'
  readonly name: string
  readonly title: string
  readonly sizeBytes: number
  readonly clients: number
  readonly unit: 'KB'
  readonly weight?: number
  readonly curveOnly?: never
  readonly ceiling?: never
}

/** Our own client against our own server, beside what the load generator gets from it. */
export interface ClientCase {
  readonly kind: 'client'
  readonly way: 'get' | 'put'
  readonly name: string
  readonly title: string
  readonly clients: 1
  readonly sizeBytes: number
  readonly blksize: number
  readonly windowsize: number
  readonly unit: 'MB/s'
  readonly weight?: number
  readonly curveOnly?: never
  readonly ceiling?: never
}

export type Case = TransferCase | MemoryCase | ClientCase

/** Points of one line: cases, and where each stands. */
export interface Curve {
  readonly name: string
  readonly title: string
  readonly xTitle: string
  /** 'value' draws the cases' unit, 'cpu' the CPU time for each GB as well. */
  readonly shows: readonly ('value' | 'cpu')[]
  readonly points: readonly { readonly x: number; readonly label: string; readonly caseName: string }[]
}

const MB = 1_000_000
/** What a client of many fetches: a kernel's boot loader and its menu are about as large. */
const SMALL_BYTES = 512_000
const BLKSIZE = 1428

const onDisk = { folder: 'disk', only: 'ours', weight: 0.5 } as const
/** Of a curve: one server needs a third of the time that all need. */
const point = { only: 'batch', curveOnly: true, weight: 0.35 } as const

const TABLE: readonly Case[] = [
  lockStep(512, 8),
  lockStep(1428, 24),
  lockStep(8192, 96),
  windows(4, 48),
  windows(16, 96),
  { ...windows(64, 128), weight: 1.3 },
  many(10, 1),
  many(100, 1),
  { ...many(1000, 1), weight: 5 },
  many(100, 16),
  { ...many(1000, 16), weight: 2 },
  {
    ...get('starts', '10 KB files, 100 clients'),
    clients: 100,
    sizeBytes: 10_240,
    unit: 'starts/s',
    weight: 2,
  },
  {
    ...get('herd', '5000 clients at once, who ask once'),
    clients: 5000,
    transfers: 5000,
    sizeBytes: 10_240,
    unit: 'failed',
    onlySeconds: 5,
    fresh: true,
    weight: 4,
  },
  upload(1, 16),
  { ...upload(16, 64), weight: 1.2 },
  { ...upload(1, 16), name: 'disk-w1', title: 'upload onto a disk, windowsize 1', ...onDisk },
  { ...upload(16, 64), name: 'disk-w16', title: 'upload onto a disk, windowsize 16', ...onDisk },
  { ...lossy(1, 1), weight: 5 },
  { ...lossy(1, 16), weight: 1.8 },
  { ...lossy(5, 1), weight: 3 },
  { ...lossy(5, 16), weight: 1.8 },
  {
    kind: 'memory',
    name: 'memory',
    title: 'memory of a waiting transfer',
    sizeBytes: 10_240,
    clients: 2000,
    unit: 'KB',
    weight: 4,
  },
  ourClient('get', 256),
  ourClient('put', 256),
]

const SIZES = [
  { sizeBytes: MB, label: '1 MB' },
  { sizeBytes: 16 * MB, label: '16 MB' },
  { sizeBytes: 256 * MB, label: '256 MB' },
  { sizeBytes: 1024 * MB, label: '1 GB' },
  { sizeBytes: 2 ** 32, label: '4 GiB' },
] as const

const CURVE_ONLY: readonly Case[] = [
  { ...many(1, 1), ...point },
  { ...many(5000, 1), ...point, weight: 2.5 },
  ...[2, 8, 32].map((windowsize) => ({ ...windows(windowsize, 64), ...point })),
  ...SIZES.map(
    ({ sizeBytes, label }) =>
      ({
        ...get(`size-${label.replace(' ', '').toLowerCase()}`, `one client, ${label}, windowsize 16`),
        windowsize: 16,
        sizeBytes,
        sparse: true,
        ...point,
        ...(sizeBytes > 2000 * MB ? { weight: 1.5 } : {}),
      }) as const,
  ),
  ...[1, 16].flatMap((windowsize) =>
    [0, 2].map((percent) => ({ ...lossy(percent, windowsize), ...point, weight: 0.6 })),
  ),
]

export const CASES: readonly Case[] = [...TABLE, ...CURVE_ONLY]

export const CURVES: readonly Curve[] = [
  {
    name: 'clients',
    title: 'More clients, windowsize 1, 512 KB each',
    xTitle: 'clients at once',
    shows: ['value', 'cpu'],
    points: [1, 10, 100, 1000, 5000].map((x) => ({ x, label: String(x), caseName: `clients-${x}-w1` })),
  },
  {
    name: 'sizes',
    title: 'Larger files, one client, windowsize 16',
    xTitle: 'size of the file',
    shows: ['value', 'cpu'],
    points: SIZES.map(({ sizeBytes, label }) => ({
      x: sizeBytes,
      label,
      caseName: `size-${label.replace(' ', '').toLowerCase()}`,
    })),
  },
  {
    name: 'windows',
    title: 'Larger windows, one client, blocks of 1428',
    xTitle: 'windowsize',
    shows: ['value', 'cpu'],
    points: [1, 2, 4, 8, 16, 32, 64].map((x) => ({
      x,
      label: String(x),
      caseName: x === 1 ? 'lockstep-1428' : `window-${x}`,
    })),
  },
  ...[1, 16].map(
    (windowsize): Curve => ({
      name: `loss-w${windowsize}`,
      title: `Loss each way, 4 clients x 1 MB, windowsize ${windowsize}`,
      xTitle: 'lost each way',
      shows: ['value'],
      points: [0, 1, 2, 5].map((x) => ({ x, label: `${x} %`, caseName: `loss-${x}-w${windowsize}` })),
    }),
  ),
]

/** One client, no windows: what most bootloaders do. */
function lockStep(blksize: number, megabytes: number): TransferCase {
  const size = { sizeBytes: megabytes * MB, blksize, ceiling: true } as const
  return { ...get(`lockstep-${blksize}`, `lock-step, blocks of ${blksize}`), ...size }
}

function windows(windowsize: number, megabytes: number): TransferCase {
  const size = { sizeBytes: megabytes * MB, windowsize, ceiling: true } as const
  return { ...get(`window-${windowsize}`, `windowsize ${windowsize}, one client`), ...size }
}

function many(clients: number, windowsize: number): TransferCase {
  const title = `${clients} client${clients === 1 ? '' : 's'}, windowsize ${windowsize}`
  return { ...get(`clients-${clients}-w${windowsize}`, title), clients, sizeBytes: SMALL_BYTES, windowsize }
}

function upload(windowsize: number, megabytes: number): TransferCase {
  const size = { sizeBytes: megabytes * MB, windowsize, ceiling: true } as const
  return { ...get(`upload-w${windowsize}`, `upload, windowsize ${windowsize}`), kind: 'put', ...size }
}

function lossy(percent: number, windowsize: number): TransferCase {
  const title = `${percent} % loss each way, windowsize ${windowsize}`
  const loss = percent === 0 ? {} : { lossPercent: percent }
  return { ...get(`loss-${percent}-w${windowsize}`, title), clients: 4, sizeBytes: MB, windowsize, ...loss }
}

function ourClient(way: 'get' | 'put', megabytes: number): ClientCase {
  const size = { clients: 1, sizeBytes: megabytes * MB, blksize: BLKSIZE, windowsize: 16 } as const
  return {
    kind: 'client',
    way,
    weight: 0.6,
    name: `client-${way}`,
    title: `foresend ${way}, windowsize 16, ${megabytes} MB`,
    unit: 'MB/s',
    ...size,
  }
}

function get(name: string, title: string): TransferCase {
  return { kind: 'get', name, title, clients: 1, sizeBytes: 0, blksize: BLKSIZE, windowsize: 1, unit: 'MB/s' }
}
