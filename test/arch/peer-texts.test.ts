/** What an ERROR packet of ours says comes from a fixed set of texts, and from the rules of a map file: no message, no path and no name of a request gets into one. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAtDoor } from '../../src/endpoint/door.ts'
import { type ErrorCode, ForesendError, MAX_PEER_TEXT, peerTextFor } from '../../src/error.ts'
import { encodeErrorFor, encodePeerError, parseError } from '../../src/packet/index.ts'
import { blankComments } from './imports.ts'

/** The compiler wants every code in it. */
const EACH_CODE: Readonly<Record<ErrorCode, true>> = {
  ERR_TFTP_ABORTED: true,
  ERR_TFTP_TIMEOUT: true,
  ERR_TFTP_UNREACHABLE: true,
  ERR_TFTP_PEER_ERROR: true,
  ERR_TFTP_PROTOCOL: true,
  ERR_TFTP_COUNTS_REPEATS: true,
  ERR_TFTP_ORDER_LIED: true,
  ERR_TFTP_NOT_FOUND: true,
  ERR_TFTP_ACCESS: true,
  ERR_TFTP_DISK_FULL: true,
  ERR_TFTP_EXISTS: true,
  ERR_TFTP_CHANGED: true,
  ERR_TFTP_CONTENT: true,
  ERR_TFTP_TOO_LARGE: true,
  ERR_TFTP_OPTION: true,
  ERR_TFTP_BAD_REQUEST: true,
  ERR_TFTP_BUSY: true,
  ERR_TFTP_BIND: true,
  ERR_TFTP_USAGE: true,
  ERR_TFTP_CHECKSUM: true,
  ERR_TFTP_CAPTURE: true,
  ERR_TFTP_INTERNAL: true,
}
const CODES = Object.keys(EACH_CODE) as ErrorCode[]
const WIRE_CODES = [undefined, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 65_535]
/** Words of the fixed texts, which no path and no quoted name looks like. */
const PLAIN = /^[A-Z][A-Za-z ,]+$/

/** Sources of what runs against real peers; the lab and the load speak for other programs. */
const SRC = fileURLToPath(new URL('../../src', import.meta.url))
const SOURCES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !/^(lab|load)\/|\/script\.ts$/.test(name))
  .map((name) => ({ name, code: blankComments(readFileSync(join(SRC, name), 'utf8')) }))

function textIn(packet: Uint8Array): string {
  const parsed = parseError(packet, 0, packet.length)
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.value.message
}

describe('the ERROR for an error', () => {
  test('has one of the fixed texts, whatever the message, for each code and wire code', () => {
    for (const code of CODES) {
      for (const wireCode of WIRE_CODES) {
        const options = { fault: 'local' as const, ...(wireCode === undefined ? {} : { wireCode }) }
        const fixed = peerTextFor(code, wireCode)
        expect(fixed).toMatch(PLAIN)
        expect(fixed.length).toBeLessThanOrEqual(MAX_PEER_TEXT)
        fc.assert(
          fc.property(fc.string({ maxLength: 600, unit: 'binary' }), (message) => {
            expect(textIn(encodeErrorFor(new ForesendError(code, message, options)))).toBe(fixed)
          }),
          { numRuns: 5 },
        )
      }
    }
  })

  test('is short printable ASCII, whatever text it is given', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 600, unit: 'binary', size: 'max' }),
        fc.integer({ min: 0, max: 65_535 }),
        (text, code) => {
          const packet = encodePeerError(code, text)
          expect(packet.length).toBeLessThanOrEqual(4 + MAX_PEER_TEXT + 1)
          expect(textIn(packet)).toMatch(/^[ -~]*$/)
        },
      ),
    )
  })
})

describe('what is said of a request that is turned down', () => {
  /** In no fixed text. */
  const MARK = 'Zq7'

  test('quotes nothing of it', () => {
    const word = fc
      .string({ maxLength: 100, unit: 'binary', size: 'max' })
      .map((text) => `${MARK}${text.replaceAll('\0', '')}`)
    const opcode = fc.constantFrom(0, 1, 2, 7, 77, 0x4745)
    fc.assert(
      fc.property(
        opcode,
        fc.array(word, { maxLength: 6 }),
        fc.constantFrom('octet', 'mail', MARK),
        (op, words, mode) => {
          const text = [words[0] ?? '', mode, ...words.slice(1)].map((each) => `${each}\0`).join('')
          const bytes = new Uint8Array([op >> 8, op & 255, ...new TextEncoder().encode(text)])
          const reading = readAtDoor(bytes, 0, bytes.length, false)
          if (reading.verdict !== 'reject' && reading.verdict !== 'answer') return
          const said = reading.peerText ?? ''
          expect(said).not.toContain(MARK)
          expect(said.length).toBeLessThanOrEqual(MAX_PEER_TEXT)
        },
      ),
    )
  })
})

describe('the sources', () => {
  test('make ERRORs only with the bounded encoders', () => {
    const outside = SOURCES.filter(({ name, code }) => !name.startsWith('packet/') && /\bencodeError\(/.test(code))
    expect(outside.map(({ name }) => name)).toEqual([])
  })

  /** The fixed texts and the encoder, and what `door.ts` says: they are tested above. */
  const TESTED = ['error.ts', 'packet/error-packet.ts', 'endpoint/door.ts']
  /** Rules with `a` have a text of the person at the server, for the peer; the encoder bounds it. */
  const RULES = 'content/name-rules.ts'
  const elsewhere = SOURCES.filter(({ name }) => !TESTED.includes(name) && name !== RULES)

  test('give an error a text for the peer only as a literal', () => {
    const given = elsewhere.flatMap(({ name, code }) =>
      [...code.matchAll(/[{,]\s*peerText\s*(?:: *([^\n]*)|[,}])/g)].map(([, text]) => ({ name, text })),
    )
    expect(given.length).toBeGreaterThan(0)
    for (const { name, text } of given) {
      const literal = /^'([ -~]+)'/.exec(text ?? '')?.[1]
      expect(literal, `${name}: ${text}`).toBeDefined()
      expect(literal?.length).toBeLessThanOrEqual(MAX_PEER_TEXT)
    }
  })
})
