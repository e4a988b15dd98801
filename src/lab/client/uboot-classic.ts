/**
 * U-Boot from 1.1.x to 2020.07: the client that the project was started for.
 *
 * It has no order check: any block but the one that it took last is stored and acknowledged, and a short block ends the
 * transfer, holes or not. A repeat of the last block is ignored without an ACK. The timer runs from the last block that
 * it took, and the budget of timeouts is for the whole transfer.
 */
import type { Option } from '../../packet/index.ts'
import { Client, type ClientConfig } from './client.ts'

export interface UbootConfig extends ClientConfig {
  /** What the build or the environment sets; what is left out is not asked for. */
  readonly blksize?: number
  readonly tsize?: boolean
  readonly timeoutMs?: number
  /** Characters printed for each ignored repeat: 33 in 1.1.x of the Ralink SDK, none in later ones. */
  readonly consoleCharsPerRepeat?: number
  readonly baud?: number
}

/** U-Boot 1.1.3 of the Ralink SDK, as in the Archer C2: asks with `timeout 1` and nothing else. */
export function uboot113(config: UbootConfig): Client {
  return new UbootClassic(config, {
    timeoutMs: 1000,
    firstTimerTimes: 2,
    consoleChars: 33,
    everyZeroWraps: true,
    wrapRenewsBudget: false,
    endingErrors: [],
  })
}

/** U-Boot from 2008 to 2020.07. */
export function uboot2008(config: UbootConfig): Client {
  return new UbootClassic(config, {
    timeoutMs: 5000,
    firstTimerTimes: 1,
    consoleChars: 0,
    everyZeroWraps: false,
    wrapRenewsBudget: true,
    endingErrors: [1, 2],
  })
}

interface Traits {
  readonly timeoutMs: number
  /** The wait for the first answer, in timeouts. */
  readonly firstTimerTimes: number
  readonly consoleChars: number
  /** Each block 0 moves the wrap offset, a repeated one too; later versions look at the block before. */
  readonly everyZeroWraps: boolean
  readonly wrapRenewsBudget: boolean
  /** ERROR codes that end it for good; on the others it starts again. */
  readonly endingErrors: readonly number[]
}

/** The eleventh timeout of a transfer ends it. */
const TIMEOUT_BUDGET = 10
const BLOCK_NUMBERS = 0x1_0000
const BITS_PER_CHARACTER = 10
const DEFAULT_BAUD = 115_200

class UbootClassic extends Client {
  private readonly traits: Traits
  private readonly timeoutMs: number
  private readonly repeatCostMs: number
  private state: 'request' | 'oack' | 'data' = 'request'
  private block = 0
  private lastBlock = 0
  private wrapOffset = 0
  private timeoutCount = 0

  constructor(config: UbootConfig, traits: Traits) {
    const timeoutMs = config.timeoutMs ?? traits.timeoutMs
    super(config, ubootOptions(config, timeoutMs))
    this.traits = traits
    this.timeoutMs = timeoutMs
    const characters = config.consoleCharsPerRepeat ?? traits.consoleChars
    this.repeatCostMs = (characters * BITS_PER_CHARACTER * 1000) / (config.baud ?? DEFAULT_BAUD)
  }

  protected onStart(now: number): void {
    this.state = 'request'
    this.block = 0
    this.timeoutCount = 0
    this.setTimer(now + this.timeoutMs * this.traits.firstTimerTimes)
    this.sendRequest(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    // An OACK in the middle of a transfer brings it back here too, and the next DATA must then be block 1 again.
    this.state = 'oack'
    this.lock(from)
    this.blksize = this.agreedBlksize(options) ?? this.blksize
    this.sendAck(now, this.block)
  }

  protected onData(
    now: number,
    block: number,
    buffer: Uint8Array,
    payload: number,
    length: number,
    from: number,
  ): void {
    this.block = block
    if (block === 0 && (this.traits.everyZeroWraps || this.lastBlock !== 0)) {
      this.wrapOffset += this.blksize * BLOCK_NUMBERS
      if (this.traits.wrapRenewsBudget) this.timeoutCount = 0
    }
    if (this.state !== 'data') {
      this.state = 'data'
      this.lock(from)
      this.lastBlock = 0
      this.wrapOffset = 0
      if (block !== 1) return this.restart(now, 'first block is not block 1')
    }
    if (block === this.lastBlock) {
      this.repeats++
      this.busyUntil = now + this.repeatCostMs
      return
    }
    this.lastBlock = block
    this.setTimer(now + this.timeoutMs)
    this.store((block - 1) * this.blksize + this.wrapOffset, buffer, payload, length)
    this.sendAck(now, block)
    if (length < this.blksize) this.finish(now, 'ok', 'short block')
  }

  protected onError(now: number, wireCode: number): void {
    if (this.traits.endingErrors.includes(wireCode)) this.finish(now, 'failed', `ERROR ${wireCode}`)
    else this.restart(now, `ERROR ${wireCode}`)
  }

  protected onTimer(now: number): void {
    if (++this.timeoutCount > TIMEOUT_BUDGET) return this.restart(now, 'retry count exceeded')
    this.timeouts++
    this.setTimer(now + this.timeoutMs)
    if (this.state === 'request') this.sendRequest(now)
    else this.sendAck(now, this.block)
  }
}

/** In the order in which U-Boot writes them. */
export function ubootOptions(
  config: { blksize?: number; tsize?: boolean; windowsize?: number },
  timeoutMs: number,
): Option[] {
  const options: Option[] = [{ name: 'timeout', value: String(Math.floor(timeoutMs / 1000)) }]
  if (config.tsize === true) options.push({ name: 'tsize', value: '0' })
  if (config.blksize !== undefined) options.push({ name: 'blksize', value: String(config.blksize) })
  if (config.windowsize !== undefined && config.windowsize > 1) {
    options.push({ name: 'windowsize', value: String(config.windowsize) })
  }
  return options
}
