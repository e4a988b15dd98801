import { describe, expect, test } from 'vitest'
import {
  encodeError,
  encodeOack,
  HEADER_BYTES,
  OPCODE,
  parseRequest,
  readBlock,
  readOpcode,
  writeAck,
} from '../../packet/index.ts'
import type { UploadingNode } from '../node.ts'
import { UPLOADERS, type UploaderName } from './catalogue.ts'

const TID = 40_000

/** Plays the server to one client that stores. What it says is `WRQ octet a=1`, or `1=7` for DATA by its number and first byte. */
class Hand {
  now = 0
  readonly client: UploadingNode
  #said: string[] = []
  #port = 0

  constructor(name: UploaderName, bytes: number, fill?: string) {
    const image = new Uint8Array(bytes)
    for (let i = 0; i < bytes; i++)
      image[i] = fill === undefined ? Math.floor(i / 512) + 1 : fill.charCodeAt(i % fill.length)
    this.client = UPLOADERS[name].make({ image })
    this.client.attach({
      send: (_now, buffer, offset, length, from) => {
        this.#port = from
        this.#said.push(spoken(buffer, offset, length))
      },
    })
  }

  wait(ms: number): string[] {
    const until = this.now + ms
    while (this.client.deadline <= until) {
      this.now = Math.max(this.now, this.client.deadline)
      this.client.handleTimer(this.now)
    }
    this.now = until
    return this.#take()
  }

  ack(block: number): string[] {
    const packet = new Uint8Array(HEADER_BYTES)
    writeAck(packet, 0, block)
    return this.#hand(packet)
  }

  oack(options: Record<string, number> = {}): string[] {
    return this.#hand(encodeOack(Object.entries(options).map(([name, value]) => ({ name, value: String(value) }))))
  }

  error(wireCode: number): string[] {
    return this.#hand(encodeError(wireCode, 'no'))
  }

  #hand(packet: Uint8Array): string[] {
    this.client.handleDatagram(this.now, packet, 0, packet.length, TID, this.#port)
    return this.#take()
  }

  #take(): string[] {
    const said = this.#said
    this.#said = []
    return said
  }
}

function spoken(buffer: Uint8Array, offset: number, length: number): string {
  if (readOpcode(buffer, offset, length) === OPCODE.data) {
    return `${readBlock(buffer, offset)}=${length > HEADER_BYTES ? buffer[offset + HEADER_BYTES] : 'empty'}`
  }
  const request = parseRequest(buffer, offset, length)
  if (!request.ok) return 'bad request'
  const { mode, options } = request.value
  return ['WRQ', mode, ...options.map(({ name, value }) => `${name}=${value}`)].join(' ')
}

describe('strict', () => {
  test('one block at a time, the same one after five seconds, and no other ACK counts', () => {
    const hand = new Hand('strict', 1100)
    expect(hand.wait(0)).toEqual(['WRQ octet'])
    expect(hand.ack(0)).toEqual(['1=1'])
    expect(hand.ack(0)).toEqual([])
    expect(hand.wait(4999)).toEqual([])
    expect(hand.wait(1)).toEqual(['1=1'])
    expect(hand.ack(1)).toEqual(['2=2'])
    expect(hand.ack(1)).toEqual([])
    expect(hand.ack(2)).toEqual(['3=3'])
    expect(hand.client.outcome).toBeUndefined()
    hand.ack(3)
    expect(hand.client.outcome).toEqual({ status: 'completed' })
  })

  test('a file of whole blocks ends with an empty one; six tries of a block end it', () => {
    const hand = new Hand('strict', 512)
    hand.wait(0)
    hand.ack(0)
    expect(hand.ack(1)).toEqual(['2=empty'])
    expect(hand.wait(60_000)).toEqual(Array.from({ length: 5 }, () => '2=empty'))
    expect(hand.client).toMatchObject({ outcome: { status: 'failed' }, says: 'block 2 was not acknowledged' })
  })

  test('an ERROR ends it, in its own words', () => {
    const hand = new Hand('strict', 10)
    hand.wait(0)
    hand.error(2)
    expect(hand.client).toMatchObject({ outcome: { status: 'failed' }, says: 'ERROR 2 "no"' })
  })
})

test('atftp sends the block after whatever ACK comes', () => {
  const hand = new Hand('atftp', 2000)
  hand.wait(0)
  hand.ack(0)
  hand.ack(1)
  expect(hand.ack(0)).toEqual(['1=1'])
})

test('cisco-ios repeats its request after four seconds, from the same port', () => {
  const hand = new Hand('cisco-ios', 10)
  hand.wait(0)
  expect(hand.wait(3999)).toEqual([])
  expect(hand.wait(1)).toEqual(['WRQ octet'])
})

test('hp-procurve stores in netascii, and its first block takes three seconds', () => {
  const hand = new Hand('hp-procurve', 3, 'a\nb')
  expect(hand.wait(0)).toEqual(['WRQ netascii'])
  expect(hand.ack(0)).toEqual([])
  expect(hand.wait(2999)).toEqual([])
  expect(hand.wait(1)).toEqual([`1=${'a'.charCodeAt(0)}`])
  hand.ack(1)
  expect(hand.client.outcome).toEqual({ status: 'completed' })
})

describe('curl', () => {
  test('announces size, block and timeout; another ACK brings the block again', () => {
    const hand = new Hand('curl', 1100)
    expect(hand.wait(0)).toEqual(['WRQ octet tsize=1100 blksize=512 timeout=6'])
    expect(hand.oack({ blksize: 512 })).toEqual(['1=1'])
    expect(hand.ack(0)).toEqual(['1=1'])
    expect(hand.ack(1)).toEqual(['2=2'])
  })

  test('a second OACK sends the next bytes under number 1', () => {
    const hand = new Hand('curl', 1600)
    hand.wait(0)
    hand.oack()
    expect(hand.oack()).toEqual(['1=2'])
    expect(hand.ack(1)).toEqual(['2=3'])
    expect(hand.ack(2)).toEqual(['3=4'])
    hand.ack(3)
    expect(hand.client.outcome).toEqual({ status: 'completed' })
  })
})

describe('uboot-tftpput', () => {
  const begun = (bytes: number): Hand => {
    const hand = new Hand('uboot-tftpput', bytes)
    expect(hand.wait(0)).toEqual(['WRQ octet timeout=5 blksize=1468'])
    expect(hand.oack({ blksize: 512 })).toEqual(['1=1'])
    return hand
  }

  test('an ACK that it does not expect moves it there, and it waits for its timer', () => {
    const hand = begun(3000)
    expect(hand.ack(1)).toEqual(['2=2'])
    expect(hand.ack(1)).toEqual([])
    expect(hand.ack(3)).toEqual([])
    expect(hand.wait(5000)).toEqual(['4=4'])
  })

  test('any ACK ends it once the final block has left', () => {
    const hand = begun(1100)
    hand.ack(1)
    expect(hand.ack(2)).toEqual(['3=3'])
    hand.ack(2)
    expect(hand.client.outcome).toEqual({ status: 'completed' })
  })

  test('no ACK renews its timer, and the eleventh ends it', () => {
    const hand = begun(100_000)
    for (let block = 1; block <= 10; block++) {
      hand.wait(4999)
      hand.ack(block)
      expect(hand.wait(1)).toHaveLength(1)
    }
    hand.wait(5000)
    expect(hand.client).toMatchObject({ outcome: { status: 'failed' }, says: 'retry count exceeded' })
  })

  test('with CONFIG_TFTP_TSIZE it announces the size between the two other options', () => {
    expect(new Hand('uboot-tftpput-tsize', 3000).wait(0)).toEqual(['WRQ octet timeout=5 tsize=3000 blksize=1468'])
  })
})
