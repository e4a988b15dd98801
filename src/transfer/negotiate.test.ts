import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Option, Request } from '../packet/index.ts'
import type { Limits } from './negotiate.ts'
import { acceptOack, DEFAULT_CLIENT_TIMEOUT_MS, negotiateRead, negotiateWrite } from './negotiate.ts'

const LIMITS: Limits = { maxBlksize: 65464, maxWindowsize: 65535, maxWindowBytes: 1 << 20, refuse: new Set() }
const SIZE = 142_800

/** `timeout=5 blksize=1468` as a list of options. */
function options(text: string): Option[] {
  const words = text.split(' ').filter((w) => w !== '')
  return words.map((w) => ({ name: w.slice(0, w.indexOf('=')), value: w.slice(w.indexOf('=') + 1) }))
}

function request(text: string, opcode: 1 | 2 = 1): Request {
  return { opcode, filename: 'f', mode: 'octet', options: options(text) }
}

function shown(list: readonly Option[]): string {
  return list.map((o) => `${o.name}=${o.value}`).join(' ')
}

describe('what real clients ask (RRQ)', () => {
  test.each([
    ['U-Boot 1.1.x', 'timeout=1', 'timeout=1', 512, 1, 1000],
    ['U-Boot arm64', 'timeout=5 blksize=1468', 'timeout=5 blksize=1468', 1468, 1, 5000],
    [
      'U-Boot arm64, window',
      'timeout=5 blksize=1468 windowsize=8',
      'timeout=5 blksize=1468 windowsize=8',
      1468,
      8,
      5000,
    ],
    ['U-Boot x86', 'timeout=5 tsize=0 blksize=1468', `timeout=5 tsize=${SIZE} blksize=1468`, 1468, 1, 5000],
    ['iPXE', 'blksize=1432 tsize=0', `blksize=1432 tsize=${SIZE}`, 1432, 1, 5000],
    ['iPXE, multicast', 'blksize=1432 tsize=0 multicast=', `blksize=1432 tsize=${SIZE}`, 1432, 1, 5000],
    ['EDK2', 'tsize=0 blksize=1468 windowsize=4', `tsize=${SIZE} blksize=1468 windowsize=4`, 1468, 4, 5000],
    ['EDK2, second', 'blksize=1468 windowsize=4', 'blksize=1468 windowsize=4', 1468, 4, 5000],
    ['GRUB', 'blksize=1024 tsize=0', `blksize=1024 tsize=${SIZE}`, 1024, 1, 5000],
    ['tftp-hpa', '', '', 512, 1, 5000],
    [
      'atftp --option',
      'tsize=0 timeout=3 blksize=8192 windowsize=16',
      `tsize=${SIZE} timeout=3 blksize=8192 windowsize=16`,
      8192,
      16,
      3000,
    ],
    ['curl', 'tsize=0 blksize=512 timeout=6', `tsize=${SIZE} blksize=512 timeout=6`, 512, 1, 6000],
    ['busybox', 'blksize=65464 tsize=0', `blksize=65464 tsize=${SIZE}`, 65464, 1, 5000],
    ['Net::TFTP', 'blksize=1428', 'blksize=1428', 1428, 1, 5000],
  ])('%s: %s', (_client, asked, answered, blksize, windowsize, timeoutMs) => {
    const agreed = negotiateRead(request(asked), SIZE, LIMITS)
    expect(shown(agreed.oack)).toBe(answered)
    expect(agreed).toMatchObject({ blksize, windowsize, timeoutMs })
    expect(agreed.windowNegotiated).toBe(asked.includes('windowsize'))
    expect(agreed.timeoutNegotiated).toBe(asked.includes('timeout'))
  })
})

describe('what real clients announce (WRQ)', () => {
  test.each([
    ['curl', 'tsize=1000 blksize=512 timeout=6', 1000],
    ['busybox', 'blksize=1428 tsize=77', 77],
    ['atftp', '', undefined],
    ['a size that no number holds', 'tsize=18446744073709551616', undefined],
  ])('%s: %s', (_client, asked, tsizeBytes) => {
    const agreed = negotiateWrite(request(asked, 2), LIMITS)
    expect(agreed.tsizeBytes).toBe(tsizeBytes)
    expect(shown(agreed.oack)).toBe(tsizeBytes === undefined ? '' : asked)
  })
})

describe('N2: clamp, never refuse, never answer what was not asked', () => {
  const tight: Limits = { maxBlksize: 1428, maxWindowsize: 64, maxWindowBytes: 65536, refuse: new Set(['tsize']) }
  test.each([
    ['blksize=65464', 'blksize=1428'],
    ['blksize=99999', 'blksize=1428'],
    ['blksize=8', 'blksize=8'],
    ['blksize=7', ''],
    ['blksize=0', ''],
    ['blksize=', ''],
    ['blksize=-1', ''],
    ['blksize=1e3', ''],
    ['blksize=0512', 'blksize=0512'],
    ['blksize2=1000', 'blksize2=512'],
    ['blksize2=1024', 'blksize2=1024'],
    ['blksize2=65464', 'blksize2=1024'],
    ['blksize=1000 blksize2=512', 'blksize=1000'],
    ['blksize2=512 blksize=1000', 'blksize2=512'],
    ['blksize=4 blksize2=512', 'blksize2=512'],
    ['windowsize=16', 'windowsize=16'],
    ['windowsize=65535', 'windowsize=64'],
    ['windowsize=70000', 'windowsize=64'],
    ['windowsize=64 blksize=1428', 'windowsize=45 blksize=1428'],
    ['windowsize=0', ''],
    ['timeout=255', 'timeout=255'],
    ['timeout=0', ''],
    ['timeout=256', ''],
    ['utimeout=250000', 'utimeout=250000'],
    ['utimeout=9999', ''],
    ['timeoutms=300', 'timeoutms=300'],
    ['timeout=2 timeoutms=300', 'timeout=2'],
    ['rollover=0', 'rollover=0'],
    ['rollover=1', 'rollover=1'],
    ['rollover=2', ''],
    ['tsize=0', ''],
    ['multicast= udpport=70 unknown=1', ''],
  ])('%s -> %s', (asked, answered) => {
    expect(shown(negotiateRead(request(asked), SIZE, tight).oack)).toBe(answered)
  })

  test('fine timeouts come out in milliseconds', () => {
    expect(negotiateRead(request('utimeout=250000'), SIZE, LIMITS).timeoutMs).toBe(250)
    expect(negotiateRead(request('timeoutms=300'), SIZE, LIMITS).timeoutMs).toBe(300)
  })

  test.each([1, 2] as const)('multicast is never granted, and the rest of the request is (opcode %i)', (opcode) => {
    const wanted = request('multicast= blksize=1428 windowsize=4', opcode)
    const agreed = opcode === 1 ? negotiateRead(wanted, SIZE, LIMITS) : negotiateWrite(wanted, LIMITS)
    expect(shown(agreed.oack)).toBe('blksize=1428 windowsize=4')
    expect(agreed).toMatchObject({ blksize: 1428, windowsize: 4 })
  })

  test('an empty file: tsize stays out of the OACK (curl fails on tsize=0)', () => {
    expect(shown(negotiateRead(request('tsize=0 blksize=512 timeout=6'), 0, LIMITS).oack)).toBe('blksize=512 timeout=6')
    expect(negotiateRead(request('tsize=0'), 0, LIMITS).oack).toEqual([])
  })

  const name = fc.constantFrom(
    'blksize',
    'blksize2',
    'windowsize',
    'timeout',
    'utimeout',
    'timeoutms',
    'tsize',
    'rollover',
    'multicast',
    'x',
  )
  const value = fc.oneof(fc.nat(70_000).map(String), fc.constantFrom('', '0', '1', '8', 'a', '65464', '1'.repeat(30)))
  const asked = fc.uniqueArray(fc.record({ name, value }), { selector: (o) => o.name, maxLength: 10 })

  test('property: the OACK is a subset of the request in its order, and stays within what was asked', () => {
    fc.assert(
      fc.property(asked, fc.boolean(), fc.nat(1e9), (list, write, sizeBytes) => {
        const wanted: Request = { opcode: write ? 2 : 1, filename: 'f', mode: 'octet', options: list }
        const agreed = write ? negotiateWrite(wanted, tight) : negotiateRead(wanted, sizeBytes, tight)
        const order = agreed.oack.map((o) => list.findIndex((l) => l.name === o.name))
        expect(order).toEqual([...order].sort((a, b) => a - b))
        expect(order).not.toContain(-1)
        expect(agreed.windowsize * agreed.blksize).toBeLessThanOrEqual(Math.max(tight.maxWindowBytes, agreed.blksize))
        for (const option of agreed.oack) {
          const was = Number(list.find((l) => l.name === option.name)?.value)
          if (option.name !== 'tsize') expect(Number(option.value)).toBeLessThanOrEqual(was)
        }
        // Our own client takes whatever our own server answers.
        expect(acceptOack(list, agreed.oack).ok).toBe(true)
        const taken = acceptOack(list, agreed.oack)
        if (taken.ok) {
          expect(taken.value.blksize).toBe(agreed.blksize)
          expect(taken.value.windowsize).toBe(agreed.windowsize)
          expect(taken.value.rollover).toBe(agreed.rollover)
        }
      }),
    )
  })
})

describe('acceptOack: the client against what a server answers', () => {
  const offer = 'blksize=1428 windowsize=16 tsize=0 timeout=3 blksize2=1024 rollover=0'
  test.each([
    ['', 512, 1],
    ['blksize=1428', 1428, 1],
    ['blksize=512 windowsize=4', 512, 4],
    ['windowsize=16 tsize=5000000000 timeout=3', 512, 16],
    ['blksize2=512', 512, 1],
  ])('takes %s', (answer, blksize, windowsize) => {
    const taken = acceptOack(options(offer), options(answer))
    expect(taken).toMatchObject({ ok: true, value: { blksize, windowsize } })
  })

  test.each([
    'blksize=1429',
    'blksize=7',
    'blksize=',
    'windowsize=17',
    'windowsize=0',
    'timeout=4',
    'tsize=x',
    'blksize2=1000',
    'rollover=2',
    'multicast=239.0.0.1,1,1',
    'utimeout=1000000',
  ])('refuses %s with ERROR 8', (answer) => {
    expect(acceptOack(options(offer), options(answer))).toMatchObject({ ok: false, wireCode: 8 })
  })

  test('an answer of multicast is an error even where it was offered: its DATA would go elsewhere (RFC 2090)', () => {
    const taken = acceptOack(options('multicast= blksize=1428'), options('multicast=239.0.0.1,1758,1'))
    expect(taken).toMatchObject({ ok: false, wireCode: 8 })
  })

  test('an option that nothing is known of is passed over', () => {
    expect(acceptOack(options('x=1 blksize=1428'), options('x=1 blksize=512'))).toMatchObject({
      ok: true,
      value: { blksize: 512 },
    })
  })

  test('without a timeout the default stands', () => {
    const taken = acceptOack(options(offer), [])
    expect(taken).toMatchObject({ ok: true, value: { timeoutMs: DEFAULT_CLIENT_TIMEOUT_MS, timeoutNegotiated: false } })
  })
})
