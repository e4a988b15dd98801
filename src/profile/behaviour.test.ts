import { describe, expect, test } from 'vitest'
import { DEVICES } from '../lab/index.ts'
import { bootDevice, type Device } from '../lab/device/device.ts'
import {
  encodeOack,
  HEADER_BYTES,
  OPCODE,
  type Option,
  optionNumber,
  parseRequest,
  readBlock,
  readOpcode,
  writeDataHeader,
} from '../packet/index.ts'
import { observeBehaviour, type Sighting } from './behaviour.ts'

/** Half of the round trip, in milliseconds. */
const WAY_MS = 0.1

/** It asks for no size first, so that one conversation shows everything. */
const EDK2: Device = { ...DEVICES['edk2-pxe'], client: { model: 'edk2', values: { windowsize: 1, probe: 0 } } }

/** A client of the lab, a server that sends the blocks that a test names, and what a capture beside that server shows. */
class Watched {
  readonly seen: Sighting[] = []
  readonly #client
  #now = 0
  #port = 0
  #options: readonly Option[] = []

  constructor(name: string) {
    this.#client = bootDevice(DEVICES[name] ?? EDK2, { seed: 1, sizeBytes: 1e6 }).client
    this.#client.attach({
      send: (now, b, offset, length, from) => {
        this.#port = from
        const request = parseRequest(b, offset, length)
        if (request.ok) this.#options = request.value.options
        const opcode = readOpcode(b, offset, length)
        if (opcode === OPCODE.ack) this.seen.push({ ms: now + WAY_MS, kind: 'ack', seq: readBlock(b, offset) })
        if (opcode === OPCODE.error) this.seen.push({ ms: now + WAY_MS, kind: 'error', seq: 0 })
      },
    })
    this.#client.handleTimer(0)
    const granted = this.#options.filter(({ name: option }) => option !== 'windowsize')
    if (granted.length > 0)
      this.#deliver(encodeOack(granted.map((one) => ({ ...one, value: one.name === 'tsize' ? '1000000' : one.value }))))
    this.data(1, 2, 3, 4, 5)
  }

  /** Full blocks, one after the other. */
  data(...blocks: number[]): this {
    for (const block of blocks) {
      const packet = new Uint8Array(HEADER_BYTES + (optionNumber(this.#options, 'blksize', 8, 65_464) ?? 512))
      writeDataHeader(packet, 0, block)
      this.seen.push({ ms: this.#now, kind: 'data', seq: block })
      this.#deliver(packet)
    }
    return this
  }

  /** Nothing is sent until its timer has run out this often. */
  silence(timeouts: number): this {
    for (let i = 0; i < timeouts; i++) {
      this.#now = this.#client.deadline
      this.#client.handleTimer(this.#now)
    }
    return this
  }

  #deliver(packet: Uint8Array): void {
    this.#now += WAY_MS
    this.#client.handleDatagram(this.#now, packet, 0, packet.length, 40_000, this.#port)
    this.#now += 20
    if (this.#client.deadline <= this.#now) this.#client.handleTimer(this.#now)
  }

  get behaviour() {
    return observeBehaviour(this.seen)
  }
}

describe('a transfer shows', () => {
  test('how fast the device answers, and nothing else while all is well', () => {
    const { behaviour } = new Watched('uboot-1.1')
    expect(behaviour).toEqual({ latencyMs: expect.closeTo(2 * WAY_MS) as number })
  })

  test.each([
    ['uboot-1.1', 'silent'],
    ['uboot-2023', 'silent'],
    ['curl', 'acknowledged'],
    ['ipxe', 'acknowledged'],
    ['grub', 'acknowledged'],
    ['rpi4-rom', 'counted'],
  ])('what %s does with a repeated block', (name, repeat) => {
    const watched = new Watched(name)
    for (const block of [5, 6, 7]) watched.data(block, block)
    expect(watched.behaviour.repeat).toBe(repeat)
  })

  test('that a block is acknowledged alone', () => {
    const { behaviour } = new Watched('uboot-1.1').data(7)
    expect(behaviour).toMatchObject({ ahead: 'stored', order: 'any' })
  })

  test('that blocks are taken in order, by what lies beyond a gap', () => {
    const watched = new Watched('uboot-2020')
    for (const block of [6, 8, 10]) watched.data(block + 1, block, block + 1)
    expect(watched.behaviour).toMatchObject({ order: 'inorder' })
    expect(watched.behaviour.ahead).toBeUndefined()
  })

  test.each([
    ['uboot-2020', 'last-ack-once'],
    ['edk2', 'last-ack-again'],
  ])('whether %s answers each block beyond a gap, or one', (name, ahead) => {
    const watched = new Watched(name)
    for (const block of [6, 9, 12]) watched.data(block + 1, block + 2, block, block + 1, block + 2)
    expect(watched.behaviour).toMatchObject({ order: 'inorder', ahead })
  })

  test('that a block ahead brings an ERROR', () => {
    expect(new Watched('lwip').data(7).behaviour.ahead).toBe('error-5')
  })

  test.each([
    ['uboot-1.1', 1000],
    ['uboot-2020', 5000],
    ['curl', 6000],
  ])('the timer of %s', (name, timerMs) => {
    expect(new Watched(name).silence(4).behaviour.timerMs).toBeCloseTo(timerMs, -2)
  })
})

describe('a transfer does not show', () => {
  test('that a device is silent, by one repeat without an answer: it may have been lost', () => {
    expect(new Watched('uboot-1.1').data(5).behaviour.repeat).toBeUndefined()
  })

  test('that a block is acknowledged alone, when the one before it may have arrived', () => {
    // Both were sent, and the ACK of the first was lost.
    const { seen } = new Watched('curl').data(6, 7)
    const lost = seen.filter(({ kind, seq }) => kind !== 'ack' || seq !== 6)
    expect(observeBehaviour(lost).order).toBeUndefined()
  })

  test('anything, when nothing was acknowledged', () => {
    expect(observeBehaviour([])).toEqual({})
    expect(observeBehaviour([{ ms: 0, kind: 'data', seq: 1 }])).toEqual({})
  })

  test('how fast a device answers, by blocks that were sent twice', () => {
    const twice = (seq: number): Sighting[] => [
      { ms: seq * 100, kind: 'data', seq },
      { ms: seq * 100 + 50, kind: 'data', seq },
      { ms: seq * 100 + 51, kind: 'ack', seq },
    ]
    expect(observeBehaviour([1, 2, 3].flatMap(twice))).toEqual({})
  })

  test('a timer in a device that paused to write its flash', () => {
    const seen: Sighting[] = []
    for (let seq = 1; seq <= 40; seq++) {
      seen.push(
        { ms: seq * 400, kind: 'data', seq },
        { ms: seq * 400 + (seq % 10 === 0 ? 300 : 0.2), kind: 'ack', seq },
      )
    }
    expect(observeBehaviour(seen).timerMs).toBeUndefined()
  })
})
