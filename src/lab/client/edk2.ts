/**
 * EDK2's MTFTP client under PXE boot. It acknowledges windows as RFC 7440 has it, but answers every single packet that it
 * does not expect, ahead or behind, with the ACK of the last good block: a server that resends a window for each of those
 * never comes to an end. Before the download it asks for the size alone and ends that with ERROR 8.
 */
import { type Option, optionNumber } from '../../packet/index.ts'
import { Client, type ClientConfig } from './client.ts'

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

class Edk2 extends Client {
  private readonly windowAsked: number
  private readonly timeoutMs: number
  private probing: boolean
  private count = 0
  private acked = 0
  private windowsize = 1
  private begun = false
  private retries = 0

  constructor(config: Edk2Config) {
    const options = edk2Options(config)
    const probe = config.probe === true
    super(config, probe ? [{ name: 'tsize', value: '0' }, ...options] : options)
    this.windowAsked = config.windowsize ?? DEFAULT_WINDOWSIZE
    this.timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS
    this.probing = probe
  }

  protected onStart(now: number): void {
    this.count = 0
    this.acked = 0
    this.windowsize = 1
    this.begun = false
    this.retries = 0
    this.setTimer(now + this.timeoutMs)
    this.sendRequest(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    if (this.count > 0) return
    this.lock(from)
    if (this.probing) return this.endProbe(now)
    this.begun = true
    const blksize = this.agreedBlksize(options)
    const windowsize = optionNumber(options, 'windowsize', 1, BLOCK_MASK) ?? 1
    if (blksize === undefined || windowsize > this.windowAsked || this.hasUnasked(options)) {
      this.sendError(now, 4, 'Malformatted OACK packet')
      return this.finish(now, 'failed', 'unacceptable OACK')
    }
    this.blksize = blksize
    this.windowsize = windowsize
    this.acknowledge(now)
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
    if (this.probing) return this.endProbe(now)
    this.begun = true
    if (block !== ((this.count + 1) & BLOCK_MASK)) {
      this.repeats++
      return this.acknowledge(now)
    }
    this.store(this.count * this.blksize, buffer, payload, length)
    this.count++
    const final = length < this.blksize
    if (final || this.count - this.acked === this.windowsize) this.acknowledge(now)
    if (final) this.finish(now, 'ok', 'short block')
  }

  protected onError(now: number, wireCode: number): void {
    this.finish(now, 'failed', `ERROR ${wireCode}`)
  }

  protected onTimer(now: number): void {
    if (++this.retries > RETRIES) return this.finish(now, 'failed', 'timed out')
    this.timeouts++
    this.setTimer(now + this.timeoutMs)
    // Its last packet again, whatever came since.
    if (this.begun) this.sendAck(now, this.acked & BLOCK_MASK)
    else this.sendRequest(now)
  }

  private acknowledge(now: number): void {
    this.acked = this.count
    this.retries = 0
    // Its timer runs from the last packet that it sent, not from the last that came.
    this.setTimer(now + this.timeoutMs)
    this.sendAck(now, this.count & BLOCK_MASK)
  }

  private endProbe(now: number): void {
    this.probing = false
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
