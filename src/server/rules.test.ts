import { describe, expect, test } from 'vitest'
import type { Rule, ServerConfigInput } from './contract.ts'
import { loadProfiles } from '../content/profile-files.ts'
import type { Profile } from '../profile/profile.ts'
import { parseConfig } from './config.ts'
import { type Asking, Rules } from './rules.ts'

const MACS: Readonly<Record<string, string>> = { '192.168.1.7': '02:00:00:00:00:07' }

function rules(list: readonly Rule[], more: ServerConfigInput = {}, profiles: readonly Profile[] = []): Rules {
  const config = parseConfig({ path: '.', rules: list, ...more })
  return new Rules(config, { macOf: (address) => MACS[address], profiles: () => profiles })
}

function asking(address: string, opcode: 1 | 2 = 1, filename = 'x'): Asking {
  const near = address.startsWith('192.168.')
  return { peer: { address, port: 2070, local: '', near }, request: { opcode, filename, mode: 'octet', options: [] } }
}

describe('who may do what', () => {
  const some = rules([
    { clients: ['192.168.1.0/24'], files: ['*.cfg'] },
    { files: ['*.cfg', 'secret/*'], allow: false },
    { clients: ['02-00-00-00-00-07'], direction: 'write' },
    { direction: 'write', allow: false },
    { clients: ['192.168.9.9', '2001:db8::/32'], allow: false },
  ])
  const allows = (asked: Asking, served: string): boolean => {
    try {
      some.requireClient(asked)
      return some.serviceFor(asked, served).allowed
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_TFTP_ACCESS', wireCode: 2, peerText: 'Access violation' })
      return false
    }
  }

  test.each<[string, Asking, string, boolean]>([
    ['the first rule that fits', asking('192.168.1.5'), 'a.cfg', true],
    ['the second for others', asking('192.168.2.5'), 'a.cfg', false],
    ['another file', asking('192.168.2.5'), 'a.bin', true],
    ['a folder', asking('192.168.1.5'), 'secret/a', false],
    ['writing, by the MAC address', asking('192.168.1.7', 2), 'a.bin', true],
    ['writing, by any other', asking('192.168.1.8', 2), 'a.bin', false],
    ['an address', asking('192.168.9.9'), 'a.bin', false],
    ['an address of IPv6', asking('2001:db8::1'), 'a.bin', false],
    ['IPv4 in IPv6', asking('::ffff:192.168.9.9'), 'a.bin', false],
  ])('%s', (_, asked, served, allowed) => expect(allows(asked, served)).toBe(allowed))

  test('the file that is served decides, not the name that was asked for', () => {
    expect(allows(asking('192.168.2.5', 1, 'menu'), 'secret/menu')).toBe(false)
    expect(allows(asking('192.168.2.5', 1, 'x.cfg'), 'plain')).toBe(true)
  })

  test('a client that is refused for every file is refused before anything is opened', () => {
    expect(() => some.requireClient(asking('192.168.1.8', 2))).not.toThrow()
    const plain = rules([
      { direction: 'write', allow: false },
      { files: ['a'], allow: false },
    ])
    expect(() => plain.requireClient(asking('192.168.1.8', 2))).toThrow(
      'writing "x" is not allowed to 192.168.1.8 by rule 1; change the rule to allow it',
    )
    expect(() => plain.requireClient(asking('192.168.1.8'))).not.toThrow()
  })
})

describe('how a client is served', () => {
  test('what the rule says, and the rest as the configuration has it', () => {
    const some = rules([{ clients: ['192.168.1.0/24'], maxBlksize: 1024, window: 4, refuse: ['tsize'] }], {
      copies: 2,
      maxWindowsize: 8,
      refuse: ['rollover'],
      window: 2,
    })
    const served = some.serviceFor(asking('192.168.1.5'), 'a')
    expect(served.limits).toMatchObject({ maxBlksize: 1024, maxWindowsize: 8, refuse: new Set(['tsize']) })
    expect(served.policy).toMatchObject({ window: 4, copies: 2 })
    const other = some.serviceFor(asking('192.168.2.5'), 'a')
    expect(other.limits).toMatchObject({ maxBlksize: 65464, refuse: new Set(['rollover']) })
    expect(other.policy).toMatchObject({ window: 2 })
  })

  test('a window of a rule replaces the anticipation of all, and the other way round', () => {
    const some = rules(
      [
        { files: ['a'], window: 4 },
        { files: ['b'], anticipationBytes: 900 },
      ],
      { anticipationBytes: 500 },
    )
    expect(some.serviceFor(asking('192.168.1.5'), 'a').policy).toMatchObject({
      window: 4,
      anticipationBytes: undefined,
    })
    expect(some.serviceFor(asking('192.168.1.5'), 'b').policy).toMatchObject({ window: 'auto', anticipationBytes: 900 })
    expect(some.serviceFor(asking('192.168.1.5'), 'c').policy.anticipationBytes).toBe(500)
  })

  test('where bytes are limited no window takes longer than a quarter of a second', () => {
    const some = rules([{ bytesPerSec: 40_000 }])
    const { limits, bytesPerSec } = some.serviceFor(asking('192.168.1.5'), 'a')
    expect(limits).toMatchObject({ maxWindowBytes: 10_000, maxBlksize: 10_000 })
    expect(bytesPerSec).toBe(40_000)
  })
})

describe('kinds of devices', () => {
  const profiles = [...loadProfiles('/nowhere').all.values()].map(({ profile }) => profile)

  test('a rule for one that the request shows, alone or level with others', () => {
    const some = rules(
      [
        { profile: 'curl', maxBlksize: 513 },
        { profile: 'uboot-2020', maxBlksize: 1024 },
      ],
      {},
      profiles,
    )
    const most = (options: Readonly<Record<string, string>>): number => {
      const asked = asking('192.168.1.5', 1, 'x')
      const list = Object.entries(options).map(([name, value]) => ({ name, value }))
      return some.serviceFor({ ...asked, request: { ...asked.request, options: list } }, 'x').limits.maxBlksize
    }
    expect(most({ tsize: '0', blksize: '512', timeout: '6' })).toBe(513)
    expect(most({ timeout: '5', blksize: '1468' })).toBe(1024)
    expect(most({ blksize: '1468' })).toBe(65_464)
  })

  test('one that is not known', () => {
    expect(() => rules([{ profile: 'edk2-px' }], {}, profiles)).toThrow(
      /unknown profile "edk2-px"; did you mean edk2-pxe/,
    )
  })
})
