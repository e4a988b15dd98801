import { describe, expect, test } from 'vitest'
import { FAULTS } from '../../test/golden/faults.ts'
import { bytesOf, VECTORS, type Vector } from '../../test/golden/packets.ts'
import {
  encodeError,
  encodeOack,
  encodeRequest,
  HEADER_BYTES,
  OPCODE,
  type Parsed,
  parseError,
  parseOack,
  parseRequest,
  readBlock,
  readOpcode,
  writeAck,
  writeDataHeader,
} from './index.ts'

describe('vectors', () => {
  for (const vector of VECTORS) {
    const name = `${vector.kind}: ${vector.name}`
    const wire = bytesOf(vector.wire)

    if (vector.readOnly === undefined) {
      test(`${name} is encoded`, () => {
        expect(encode(vector)).toEqual(wire)
      })
    }

    test(`${name} is decoded`, () => {
      expect(decode(vector.kind, wire, 0, wire.length)).toEqual({ ok: true, value: vector.value })
    })

    test(`${name} is decoded in the middle of a buffer whose other bytes do not matter`, () => {
      for (const filler of [0x00, 0x41, 0xff]) {
        const buffer = new Uint8Array(wire.length + 200).fill(filler)
        buffer.set(wire, 100)
        expect(decode(vector.kind, buffer, 100, wire.length)).toEqual({ ok: true, value: vector.value })
      }
    })

    test(`${name} cut at any length is a fault or a part of the value`, () => {
      for (let length = 0; length < wire.length; length++) {
        const part = decode(vector.kind, wire, 0, length)
        if (part.ok) expectPart(part.value, vector)
        else expect(part.reason).not.toBe('')
      }
    })
  }

  test.each(['request', 'oack', 'error'] as const)('%s ignores what trails it', (kind) => {
    for (const vector of VECTORS.filter((v) => v.kind === kind && v.readOnly === undefined)) {
      // Padding, rubbish that is no complete pair of strings, and pairs behind an empty name.
      for (const trailer of ['\0', '\0\0\0\0\0\0', '\xff\xff\xffrubbish', '\0a\0b\0']) {
        const wire = bytesOf(vector.wire + trailer)
        expect(decode(kind, wire, 0, wire.length)).toEqual({ ok: true, value: vector.value })
      }
    }
  })

  test('a length beyond the buffer reads no further than the buffer', () => {
    for (const vector of VECTORS) {
      const wire = bytesOf(vector.wire)
      if (vector.kind === 'data' || vector.kind === 'ack') continue
      expect(decode(vector.kind, wire, 0, 65_507)).toEqual({ ok: true, value: vector.value })
    }
  })

  test.each(FAULTS)('fault in $kind: $name', ({ kind, wire, wireCode, reason }) => {
    const bytes = bytesOf(wire)
    const parsed = decode(kind, bytes, 0, bytes.length)
    expect(parsed).toMatchObject({ ok: false, wireCode })
    if (parsed.ok) return
    expect(parsed.reason).toMatch(reason)
    expect(parsed.reason.length).toBeLessThan(200)
  })
})

function encode(vector: Vector): Uint8Array {
  switch (vector.kind) {
    case 'request':
      return encodeRequest(vector.value)
    case 'oack':
      return encodeOack(vector.value)
    case 'error':
      return encodeError(vector.value.wireCode, vector.value.message)
    case 'ack': {
      const packet = new Uint8Array(HEADER_BYTES + 2).fill(0xee)
      writeAck(packet, 1, vector.value.block)
      expect([packet[0], packet[5]]).toEqual([0xee, 0xee])
      return packet.slice(1, 5)
    }
    case 'data': {
      const payload = bytesOf(vector.value.payload ?? '')
      const packet = new Uint8Array(HEADER_BYTES + payload.length).fill(0xee)
      packet.set(payload, HEADER_BYTES)
      writeDataHeader(packet, 0, vector.value.block)
      return packet
    }
  }
}

function decode(kind: Vector['kind'], b: Uint8Array, offset: number, length: number): Parsed<unknown> {
  if (kind === 'request') return parseRequest(b, offset, length)
  if (kind === 'oack') return parseOack(b, offset, length)
  if (kind === 'error') return parseError(b, offset, length)
  if (readOpcode(b, offset, length) !== OPCODE[kind] || length < HEADER_BYTES) {
    return { ok: false, wireCode: 4, reason: `no ${kind}` }
  }
  const block = readBlock(b, offset)
  if (kind === 'ack') return { ok: true, value: { block } }
  const payload = String.fromCharCode(...b.subarray(offset + HEADER_BYTES, offset + length))
  return { ok: true, value: { block, payload } }
}

/** What a cut packet may still say: the first options, the beginning of a message or payload. Never something else. */
function expectPart(part: unknown, vector: Vector): void {
  if (vector.kind === 'request') {
    const { options, ...fixed } = part as typeof vector.value
    expect(fixed).toEqual({ opcode: vector.value.opcode, filename: vector.value.filename, mode: vector.value.mode })
    expect(options).toEqual(vector.value.options.slice(0, options.length))
  } else if (vector.kind === 'oack') {
    const options = part as typeof vector.value
    expect(options).toEqual(vector.value.slice(0, options.length))
  } else if (vector.kind === 'error') {
    const { wireCode, message } = part as typeof vector.value
    expect(wireCode).toBe(vector.value.wireCode)
    expect(vector.value.message.startsWith(message)).toBe(true)
  } else {
    const { block, payload } = part as typeof vector.value
    expect(block).toBe(vector.value.block)
    expect((vector.value.payload ?? '').startsWith(payload ?? '')).toBe(true)
  }
}
