/** `--record`: every datagram of a run in one pcapng file, which Wireshark opens. */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { WriteStream } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { pcapngDatagram, pcapngHeader } from '../capture/pcapng.ts'
import { ForesendError } from '../error.ts'
import type { Tap } from './driver.ts'

/** Memory for what the disk has not taken yet; beyond it the recording has gaps, and says so. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024

export interface Recorder extends Tap {
  readonly file: string
  /** Datagrams left out because the disk was slow or full. */
  readonly dropped: number
  /** Resolves when everything is written. */
  close(): Promise<void>
}

export interface RecorderOptions {
  /** Made when it is not there. */
  readonly folder: string
  /** Goes into the file's properties. */
  readonly comment: string
  /** Something is missing from the recording; called once for each reason. */
  readonly onTrouble: (message: string) => void
}

/** Opens `foresend-DATE.pcapng` in the folder; rejects with ERR_TFTP_USAGE when that cannot be written. */
export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  const date = new Date().toISOString().replace(/[:.]/g, '-')
  const file = join(options.folder, `foresend-${date}-${process.pid}.pcapng`)
  try {
    await mkdir(options.folder, { recursive: true })
    const stream = createWriteStream(file, { flags: 'wx', highWaterMark: 1024 * 1024 })
    await new Promise<void>((resolve, reject) => stream.once('open', () => resolve()).once('error', reject))
    return new FileRecorder(stream, file, options)
  } catch (cause) {
    throw new ForesendError(
      'ERR_TFTP_USAGE',
      `cannot record to ${file}: ${(cause as Error).message}; give --record a folder that can be written`,
      { fault: 'local', cause },
    )
  }
}

class FileRecorder implements Recorder {
  readonly file: string
  dropped = 0
  readonly #stream: WriteStream
  readonly #onTrouble: (message: string) => void
  #broken = false

  constructor(stream: WriteStream, file: string, options: RecorderOptions) {
    this.file = file
    this.#stream = stream
    this.#onTrouble = options.onTrouble
    stream.on('error', (error) => {
      this.#broken = true
      this.#onTrouble(`the recording ${file} ends here: ${error.message}; free some space and start again`)
    })
    stream.write(pcapngHeader(options.comment))
  }

  datagram(
    incoming: boolean,
    local: string,
    localPort: number,
    peer: string,
    peerPort: number,
    buffer: Uint8Array,
    length: number,
  ): void {
    if (this.#broken || this.#stream.writableLength > MAX_WAITING_BYTES) return this.#drop()
    this.#stream.write(
      pcapngDatagram({
        timeUs: Math.round((performance.timeOrigin + performance.now()) * 1000),
        source: incoming ? peer : local,
        destination: incoming ? local : peer,
        sourcePort: incoming ? peerPort : localPort,
        destinationPort: incoming ? localPort : peerPort,
        payload: buffer.subarray(0, length),
      }),
    )
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#broken) return resolve()
      this.#stream.once('error', () => resolve())
      this.#stream.end(() => resolve())
    })
  }

  #drop(): void {
    if (this.dropped++ > 0 || this.#broken) return
    this.#onTrouble(`the recording ${this.file} has gaps: the disk is slower than the network; record to a faster one`)
  }
}
