/** What servers agree to. Of a thousand transfers nearly all get the same OACK: it is understood once. */
import { escapeText, type Option, parseError, parseOack } from '../packet/index.ts'
import { acceptOack, DEFAULT_BLKSIZE } from '../transfer/negotiate.ts'
import type { LoadOptions } from './options.ts'

export class Answers {
  /** Of the answer that was read last. */
  blksize = DEFAULT_BLKSIZE
  windowsize = 1
  readonly #offered: readonly Option[]
  #known = new Uint8Array(0)
  #knownBlksize = DEFAULT_BLKSIZE
  #knownWindowsize = 1

  constructor(offered: readonly Option[]) {
    this.#offered = offered
  }

  /** The first answer to a request: an OACK, or what a server says that knows no options. Returns what is wrong with it. */
  read(isOack: boolean, buffer: Uint8Array, offset: number, length: number): string | undefined {
    if (!isOack) {
      this.blksize = DEFAULT_BLKSIZE
      this.windowsize = 1
      return undefined
    }
    if (!this.#isKnown(buffer, offset, length)) {
      const parsed = parseOack(buffer, offset, length)
      const accepted = parsed.ok ? acceptOack(this.#offered, parsed.value) : parsed
      if (!accepted.ok) return `its OACK is wrong: ${accepted.reason}`
      this.#known = buffer.slice(offset, offset + length)
      this.#knownBlksize = accepted.value.blksize
      this.#knownWindowsize = accepted.value.windowsize
    }
    this.blksize = this.#knownBlksize
    this.windowsize = this.#knownWindowsize
    return undefined
  }

  #isKnown(buffer: Uint8Array, offset: number, length: number): boolean {
    const known = this.#known
    if (known.length !== length) return false
    for (let i = 0; i < length; i++) if (known[i] !== buffer[offset + i]) return false
    return true
  }
}

/** Nothing that RFC 1350 says anyway is asked for. */
export function offered({ blksize, windowsize }: LoadOptions): Option[] {
  const options: Option[] = []
  if (blksize !== DEFAULT_BLKSIZE) options.push({ name: 'blksize', value: String(blksize) })
  if (windowsize !== 1) options.push({ name: 'windowsize', value: String(windowsize) })
  return options
}

/** An ERROR packet in words. */
export function peerText(buffer: Uint8Array, offset: number, length: number): string {
  const parsed = parseError(buffer, offset, length)
  return parsed.ok ? `ERROR ${parsed.value.wireCode} "${escapeText(parsed.value.message)}"` : 'a malformed ERROR'
}
