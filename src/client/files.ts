/** Where a download goes: a file that appears whole or not at all, or a stream. */
import { createWriteStream, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, sep } from 'node:path'
import type { Writable } from 'node:stream'
import { AtomicFile } from '../content/atomic-file.ts'
import { HeldFolder } from '../content/held-folder.ts'
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
  if (stat?.isDirectory() || target.endsWith('/') || target.endsWith(sep))
    throw usage(`${target} is a folder: name a file in it`)
  if (stat !== undefined && !stat.isFile()) return new StreamOutput(createWriteStream(target), target, true)
  return new FileOutput(target, stat)
}

/** Bytes that are gathered at most before they are written and hashed. */
const GATHER_BYTES = 256 * 1024
/**
 * Gathered bytes that are written early, while the server works on its next block: large enough that system calls no longer count,
 * short enough not to delay the next ACK.
 */
const REST_BYTES = 32 * 1024

class FileOutput implements Output {
  readonly digest = new Digest()
  readonly congested = false
  readonly #name: string
  readonly #file: AtomicFile
  readonly #gather = Buffer.allocUnsafe(GATHER_BYTES)
  #filled = 0

  constructor(path: string, existing: Stats | undefined) {
    this.#name = path
    try {
      // Through a link the file that it names is replaced, not the link.
      const target = existing === undefined ? path : realpathSync(path)
      const folder = new HeldFolder(realpathSync.native(dirname(target)))
      const mode = existing === undefined ? { atMost: 0o666 } : { exactly: existing.mode & 0o777 }
      this.#file = new AtomicFile(folder, basename(target), mode)
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
      await this.#file.finish({ replace: true })
    } catch (cause) {
      this.abort()
      throw localFault(cause, `cannot write ${this.#name}`)
    }
  }

  abort(): void {
    this.#file.abort(new Error('the transfer ended before the file was complete'))
  }

  #flush(): void {
    if (this.#file.isEnded) return
    const content = this.#gather.subarray(0, this.#filled)
    try {
      this.#file.write(content)
    } catch (cause) {
      throw localFault(cause, `cannot write ${this.#name}`)
    }
    this.digest.update(content)
    this.#filled = 0
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
