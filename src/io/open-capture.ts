/** Reads a capture file, plain or packed with gzip, from the disk or from standard input. */
import { createReadStream } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { CapturedTransfer, CaptureSummary } from '../capture/contract.ts'
import { CaptureReader, type ReadEnd } from '../capture/read/capture-reader.ts'
import type { CapturedRecord } from '../capture/read/record.ts'
import { CaptureTransfers } from '../capture/transfers.ts'
import { ForesendError } from '../error.ts'

const PIECE_BYTES = 256 * 1024
/** What a gzip file begins with (RFC 1952); the name of a file tells nothing. */
const GZIP = [0x1f, 0x8b] as const

/**
 * Reads the capture at `path`, `-` for standard input, and hands on each transfer when it is over. Rejects with ERR_TFTP_CAPTURE when
 * it cannot be read or is no capture. One that breaks off is read as far as it goes: see `CaptureSummary.broken`.
 */
export async function readCapture(
  path: string,
  onTransfer: (transfer: CapturedTransfer) => void,
): Promise<CaptureSummary> {
  const transfers = new CaptureTransfers(nameOf(path), onTransfer)
  return transfers.end(await pushFile(path, (bytes) => transfers.push(bytes)))
}

/** Reads the frames of a capture instead. The record and its bytes are lent for the call. Rejects as `readCapture` does. */
export async function readFrames(path: string, onFrame: (record: CapturedRecord) => void): Promise<ReadEnd> {
  const reader = new CaptureReader(nameOf(path), { record: onFrame, comment: () => {} })
  const broken = await pushFile(path, (bytes) => reader.push(bytes))
  const end = reader.end()
  return broken === undefined ? end : { ...end, broken: { atByte: end.bytes, reason: broken } }
}

function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path
}

/** Hands on all bytes of the capture, unpacked. Returns why they break off, where a gzip stream does. */
async function pushFile(path: string, push: (bytes: Uint8Array) => void): Promise<string | undefined> {
  // Each piece is used up within the call: when unpacking fails, everything before that place has been read.
  let isBegun = false
  const sink = new Writable({
    write(piece: Uint8Array, _encoding, done) {
      isBegun = true
      try {
        push(piece)
        done()
      } catch (error) {
        done(error as Error)
      }
    },
  })
  try {
    const source = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: PIECE_BYTES })
    const { isGzip, pieces } = await begin(source)
    if (isGzip) await pipeline(pieces, createGunzip({ chunkSize: PIECE_BYTES }), sink)
    else await pipeline(pieces, sink)
  } catch (cause) {
    if (cause instanceof ForesendError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code?.startsWith('Z_') && !isBegun) {
      const text = `${nameOf(path)} begins as gzip does, and cannot be unpacked (${message}); copy it again from where it was made`
      throw new ForesendError('ERR_TFTP_CAPTURE', text, { fault: 'local' })
    }
    if (code?.startsWith('Z_')) return `the gzip stream breaks off: ${message}`
    throw new ForesendError(
      'ERR_TFTP_CAPTURE',
      `cannot read ${nameOf(path)}: ${message}; give a file that can be read`,
      {
        fault: 'local',
        cause,
      },
    )
  }
  return undefined
}

/** Reads as much as tells the kind of file, and gives it back with the rest. */
async function begin(source: AsyncIterable<Uint8Array>) {
  const rest = source[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array(0)
  while (head.length < GZIP.length) {
    const next = await rest.next()
    if (next.done === true) break
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  const isGzip = GZIP.every((byte, i) => head[i] === byte)
  return { isGzip, pieces: chain(head, { [Symbol.asyncIterator]: () => rest }) }
}

async function* chain(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head
  yield* rest
}
