/** What is measured: one line each. Sizes are for a quiet machine; a case that would take too long is made smaller. */

export interface TransferCase {
  readonly kind: 'get' | 'put'
  readonly name: string
  readonly title: string
  /** Who asks: atftp costs less per block than Node's sockets, the load process less per transfer. */
  readonly client: 'atftp' | 'load'
  readonly clients: number
  /** In all. */
  readonly transfers: number
  readonly sizeBytes: number
  readonly blksize: number
  readonly windowsize: number
  /** What is counted: bytes or transfers per second. */
  readonly unit: 'MB/s' | 'starts/s'
}

export interface HoldCase {
  readonly kind: 'hold'
  readonly name: string
  readonly title: string
  readonly transfers: number
  readonly unit: 'KB'
}

export type Case = TransferCase | HoldCase

const MB = 1_000_000

export const CASES: readonly Case[] = [
  lockStep(512, 16),
  lockStep(1428, 40),
  lockStep(8192, 160),
  windows(16, 128),
  windows(64, 192),
  many(10, 1, 20),
  many(100, 1, 3),
  many(100, 16, 3),
  upload(1, 40),
  upload(16, 128),
  {
    kind: 'get',
    name: 'starts',
    title: '10 KB files, 64 at a time',
    client: 'load',
    clients: 64,
    transfers: 6000,
    sizeBytes: 10_240,
    blksize: 1428,
    windowsize: 1,
    unit: 'starts/s',
  },
  { kind: 'hold', name: 'memory', title: 'memory of a transfer that waits', transfers: 1000, unit: 'KB' },
]

/** One client, no windows: what most bootloaders do. */
function lockStep(blksize: number, megabytes: number): Case {
  return {
    ...one('get', `lockstep-${blksize}`, `lock-step, blksize ${blksize}`),
    sizeBytes: megabytes * MB,
    blksize,
    windowsize: 1,
  }
}

function windows(windowsize: number, megabytes: number): Case {
  const title = `windowsize ${windowsize}, blksize 1428`
  return { ...one('get', `window-${windowsize}`, title), sizeBytes: megabytes * MB, blksize: 1428, windowsize }
}

function many(clients: number, windowsize: number, megabytesEach: number): Case {
  return {
    kind: 'get',
    name: `clients-${clients}-w${windowsize}`,
    title: `${clients} clients, windowsize ${windowsize}, 1428`,
    client: 'atftp',
    clients,
    transfers: clients,
    sizeBytes: megabytesEach * MB,
    blksize: 1428,
    windowsize,
    unit: 'MB/s',
  }
}

function upload(windowsize: number, megabytes: number): Case {
  const title = `upload, windowsize ${windowsize}, 1428`
  return { ...one('put', `upload-w${windowsize}`, title), sizeBytes: megabytes * MB, blksize: 1428, windowsize }
}

function one(kind: 'get' | 'put', name: string, title: string) {
  return { kind, name, title, client: 'atftp', clients: 1, transfers: 1, unit: 'MB/s' } as const
}
