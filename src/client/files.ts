/** Where a download goes: a file that appears whole or not at all, or a stream. */
import {
  closeSync,
  constants,
  createWriteStream,
  fsync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { partName } from '../content/part-names.ts'
import { NetasciiDecoder } from '../packet/index.ts'
import { Digest, type Expected } from './digest.ts'
import type { Output } from './output.ts'
import { localFault } from './local-fault.ts'
import { StreamOutput } from './stream-output.ts'
import { usage } from './options.ts'

/**
 * `target`: a path, `-` for standard output, or a stream. A path that is neither a file nor free (a pipe, a device) is
 * written to as a stream. Throws ERR_TFTP_USAGE, ERR_TFTP_NOT_FOUND, ERR_TFTP_ACCESS.
 */
export function openOutput(target: string | Writable, netascii: boolean): Output {
  const output = open(target)
  return netascii ? new NetasciiOutput(output) : output
}

function open(target: string | Writable): Output {
  if (typeof target !== 'string') return new StreamOutput(target, 'the stream', false)
  if (target === '-') return new StreamOutput(process.stdout, 'standard output', false)
  const stat = statSync(target, { throwIfNoEntry: false })
  if (stat?.isDirectory()) throw usage(`${target} is a folder: name a file in it`)
  if (stat !== undefined && !stat.isFile()) return new StreamOutput(createWriteStream(target), target, true)
  return new FileOutput(target, stat)
}

/** Bytes gathered at most before they are written and hashed … */
const GATHER_BYTES = 256 * 1024
/** … and when the other side is at work: large enough that system calls no longer count, short enough not to be noticed. */
const REST_BYTES = 32 * 1024

class FileOutput implements Output {
  readonly digest = new Digest()
  readonly congested = false
  readonly #name: string
  readonly #target: string
  readonly #part: string
  readonly #gather = Buffer.allocUnsafe(GATHER_BYTES)
  #filled = 0
  #fd: number | undefined

  constructor(path: string, existing: Stats | undefined) {
    this.#name = path
    try {
      // Through a link the file that it names is replaced, not the link.
      this.#target = existing === undefined ? path : realpathSync(path)
      this.#part = join(dirname(this.#target), partName(basename(this.#target)))
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
      this.#fd = openSync(this.#part, flags, existing === undefined ? 0o666 : existing.mode & 0o777)
    } catch (cause) {
      throw localFault(cause, `cannot write ${path}`)
    }
  }

  write(buffer: Uint8Array, offset: number, length: number): void {
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, GATHER_BYTES - this.#filled)
      this.#gather.set(buffer.subarray(offset + done, offset + done + count), this.#filled)
      this.#filled += count
      done += count
      if (this.#filled === GATHER_BYTES) this.#flush()
    }
  }

  rest(): void {
    if (this.#filled >= REST_BYTES) this.#flush()
  }

  async finish(expected: Expected): Promise<void> {
    try {
      this.#flush()
      this.digest.require(expected, this.#name, 'nothing was kept; transfer it again, or check the digest')
      await this.#durable()
      renameSync(this.#part, this.#target)
      this.#close()
      syncFolder(dirname(this.#target))
    } catch (cause) {
      this.abort()
      throw localFault(cause, `cannot write ${this.#name}`)
    }
  }

  abort(): void {
    if (this.#fd === undefined) return
    this.#close()
    try {
      unlinkSync(this.#part)
    } catch {
      // Somebody removed it already.
    }
  }

  #flush(): void {
    const fd = this.#fd
    if (fd === undefined) return
    const content = this.#gather.subarray(0, this.#filled)
    try {
      for (let done = 0; done < content.length; ) done += writeSync(fd, content, done, content.length - done)
    } catch (cause) {
      throw localFault(cause, `cannot write ${this.#name}`)
    }
    this.digest.update(content)
    this.#filled = 0
  }

  #durable(): Promise<void> {
    const fd = this.#fd
    return new Promise((resolve, reject) => {
      if (fd === undefined) reject(new Error('aborted'))
      else fsync(fd, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

/** Turns netascii into local text on its way to `inner`. */
class NetasciiOutput implements Output {
  readonly digest: Digest
  readonly #inner: Output
  readonly #decoder = new NetasciiDecoder()
  #scratch = new Uint8Array(1024)

  constructor(inner: Output) {
    this.#inner = inner
    this.digest = inner.digest
  }

  get congested(): boolean {
    return this.#inner.congested
  }

  write(buffer: Uint8Array, offset: number, length: number): void {
    if (this.#scratch.length < length + 1) this.#scratch = new Uint8Array(length + 1)
    const bytes = this.#decoder.decode(buffer, offset, length, this.#scratch, 0)
    this.#inner.write(this.#scratch, 0, bytes)
  }

  rest(): void {
    this.#inner.rest?.()
  }

  async finish(expected: Expected): Promise<void> {
    const bytes = this.#decoder.end(this.#scratch, 0)
    this.#inner.write(this.#scratch, 0, bytes)
    await this.#inner.finish(expected)
  }

  abort(): void {
    this.#inner.abort()
  }
}

/** After this the name itself survives a power cut. Where folders cannot be flushed the file system does it itself. */
function syncFolder(path: string): void {
  try {
    const fd = openSync(path, constants.O_RDONLY)
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    // See above.
  }
}
