/** Captures with lies in them, by a seed: what a reader must survive. */
import { CaptureTransfers } from '../../src/capture/transfers.ts'
import { ForesendError } from '../../src/error.ts'
import { Rng } from '../../src/lab/rng.ts'

export interface FuzzReport {
  readonly files: number
  readonly refused: number
  readonly broken: number
  readonly transfers: number
  readonly packets: number
}

/** Numbers that lengths and offsets are mistaken for. */
const ODD = [0, 1, 3, 7, 8, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]

/** Reads `files` mutations of `originals`. Throws what a reader may not throw, with the seed's place. */
export function fuzzCaptures(originals: readonly Uint8Array[], files: number, seed: number): FuzzReport {
  const rng = new Rng(seed)
  const random = (n: number) => rng.int(n)
  const report = { files: 0, refused: 0, broken: 0, transfers: 0, packets: 0 }
  for (; report.files < files; report.files++) {
    const file = mutate(originals[random(originals.length)], originals[random(originals.length)], random)
    try {
      readInPieces(file, random, report)
    } catch (error) {
      if (error instanceof ForesendError && error.code === 'ERR_TFTP_CAPTURE') report.refused++
      else throw new Error(`file ${report.files} of seed ${seed}: ${(error as Error).stack}`, { cause: error })
    }
  }
  return report
}

function readInPieces(
  file: Uint8Array,
  random: (n: number) => number,
  report: { -readonly [K in keyof FuzzReport]: FuzzReport[K] },
): void {
  const reader = new CaptureTransfers('fuzz', (transfer) => {
    report.transfers++
    report.packets += transfer.packets.length
    // Everything can be read.
    for (let i = 0; i < transfer.packets.length; i++) {
      const { packets } = transfer
      if (!(packets.timeMs(i) > -Infinity) || packets.kind(i) === undefined)
        throw new Error(`packet ${i} makes no sense`)
    }
    if (transfer.blocks.sent > transfer.blocks.datagrams) throw new Error('more blocks than packets')
  })
  for (let at = 0; at < file.length; ) {
    const bytes = file.subarray(at, at + 1 + random(2000))
    reader.push(bytes)
    at += bytes.length
  }
  if (reader.end().broken !== undefined) report.broken++
}

/** A copy with a few bytes, numbers, or pieces changed. */
function mutate(original: Uint8Array, other: Uint8Array, random: (n: number) => number): Uint8Array {
  let file = original.slice()
  for (let changes = 1 + random(8); changes > 0; changes--) {
    const at = random(file.length)
    const kind = random(6)
    if (kind === 0) file[at] = random(256)
    else if (kind === 1) file[at] ^= 1 << random(8)
    else if (kind === 2 && at + 4 <= file.length)
      new DataView(file.buffer).setUint32(at, ODD[random(ODD.length)], random(2) === 0)
    else if (kind === 3 && at + 2 <= file.length)
      new DataView(file.buffer).setUint16(at, ODD[random(ODD.length)] & 0xffff)
    else if (kind === 4) file = file.slice(0, Math.max(1, at))
    else {
      const piece = other.subarray(random(other.length), random(other.length) + 200)
      file.set(piece.subarray(0, file.length - at), at)
    }
  }
  return file
}
