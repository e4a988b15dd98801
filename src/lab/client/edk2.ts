/**
 * EDK2's MTFTP client under PXE boot. It acknowledges windows as RFC 7440 has it, but answers every single packet that it
 * does not expect, ahead or behind, with the ACK of the last good block: a server that resends a window for each of those
 * never comes to an end. Before the download it asks for the size alone and ends that with ERROR 8.
 */
import type { Option } from '../../packet/index.ts'
import type { Client, ClientConfig } from './client.ts'
import { CountingClient } from './counting.ts'

export interface Edk2Config extends ClientConfig {
  /** Default 1468. */
  readonly blksize?: number
  /** Default 4; 1 is not asked for. */
  readonly windowsize?: number
  /** Ask for the size first, as PXE boot does. Default false. */
  readonly probe?: boolean
  readonly timeoutMs?: number
}

const RETRIES = 6
const DEFAULT_TIMEOUT_MS = 4000
const DEFAULT_BLKSIZE = 1468
const DEFAULT_WINDOWSIZE = 4
const BLOCK_MASK = 0xffff
/** Between the end of the probe and the request: the firmware allocates memory. */
const AFTER_PROBE_MS = 1

export function edk2Client(config: Edk2Config): Client {
  return new Edk2(config)
}

class Edk2 extends CountingClient {
  readonly #windowAsked: number
  #probing: boolean
  #acked = 0

  constructor(config: Edk2Config) {
    const options = edk2Options(config)
    const probe = config.probe === true
    const timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS
    super(config, probe ? [{ name: 'tsize', value: '0' }, ...options] : options, { timeoutMs, retries: RETRIES })
    this.#windowAsked = config.windowsize ?? DEFAULT_WINDOWSIZE
    this.#probing = probe
  }

  protected override onStart(now: number): void {
    this.#acked = 0
    super.onStart(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    if (this.count > 0) return
    this.lock(from)
    if (this.#probing) return this.#endProbe(now)
    this.begun = true
    if (!this.agree(options, this.#windowAsked)) {
      this.sendError(now, 4, 'Malformatted OACK packet')
      return this.finish(now, 'failed', 'unacceptable OACK')
    }
    this.#acknowledge(now)
  }

  protected onData(
    now: number,
    block: number,
    buffer: Uint8Array,
    payload: number,
    length: number,
    from: number,
  ): void {
    this.lock(from)
    if (this.#probing) return this.#endProbe(now)
    this.begun = true
    if (block !== ((this.count + 1) & BLOCK_MASK)) {
      this.repeats++
      return this.#acknowledge(now)
    }
    this.take(buffer, payload, length)
    const final = length < this.blksize
    if (final || this.count - this.#acked === this.windowsize) this.#acknowledge(now)
    if (final) this.finish(now, 'ok', 'short block')
  }

  /** Its last packet again, whatever came since. */
  protected repeatAck(now: number): void {
    this.sendAck(now, this.#acked & BLOCK_MASK)
  }

  #acknowledge(now: number): void {
    this.#acked = this.count
    this.expiries = 0
    // Its timer runs from the last packet that it sent, not from the last that came.
    this.startTimer(now)
    this.sendAck(now, this.count & BLOCK_MASK)
  }

  #endProbe(now: number): void {
    this.#probing = false
    this.sendError(now, 8, 'User aborted the transfer')
    this.askAnew(
      now + AFTER_PROBE_MS,
      this.options.filter((option) => option.name !== 'tsize'),
    )
  }
}

function edk2Options(config: Edk2Config): Option[] {
  const windowsize = config.windowsize ?? DEFAULT_WINDOWSIZE
  const options: Option[] = [{ name: 'blksize', value: String(config.blksize ?? DEFAULT_BLKSIZE) }]
  if (windowsize > 1) options.push({ name: 'windowsize', value: String(windowsize) })
  return options
}
