/**
 * U-Boot from 1.1.x to 2020.07: the client that the project was started for.
 *
 * It has no order check: any block but the one that it took last is stored and acknowledged, and a short block ends the
 * transfer, holes or not. A repeat of the last block is ignored without an ACK. The timer runs from the last block that
 * it took, and the budget of timeouts is for the whole transfer.
 */
import type { Option } from '../../packet/index.ts'
import type { Client, ClientConfig } from './client.ts'
import { Uboot, type UbootHabits, ubootOptions } from './uboot.ts'

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

interface Traits extends UbootHabits {
  readonly consoleChars: number
  /** Each block 0 moves the wrap offset, a repeated one too; later versions look at the block before. */
  readonly everyZeroWraps: boolean
  readonly wrapRenewsBudget: boolean
}

const BITS_PER_CHARACTER = 10
const DEFAULT_BAUD = 115_200

class UbootClassic extends Uboot {
  readonly #traits: Traits
  readonly #repeatCostMs: number

  constructor(config: UbootConfig, traits: Traits) {
    const timeoutMs = config.timeoutMs ?? traits.timeoutMs
    super(config, ubootOptions(config, timeoutMs), { ...traits, timeoutMs })
    this.#traits = traits
    const characters = config.consoleCharsPerRepeat ?? traits.consoleChars
    this.#repeatCostMs = (characters * BITS_PER_CHARACTER * 1000) / (config.baud ?? DEFAULT_BAUD)
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
    if (block === 0 && (this.#traits.everyZeroWraps || this.lastBlock !== 0)) {
      this.wrap()
      if (this.#traits.wrapRenewsBudget) this.timeoutCount = 0
    }
    if (this.state !== 'data' && !this.begin(now, from)) return
    if (block === this.lastBlock) {
      this.repeats++
      this.busyUntil = now + this.#repeatCostMs
      return
    }
    this.take(now, buffer, payload, length)
    this.sendAck(now, block)
    if (length < this.blksize) this.finish(now, 'ok', 'short block')
  }
}
