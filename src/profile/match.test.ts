import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Behaviour } from './behaviour.ts'
import type { RequestFingerprint } from './fingerprint.ts'
import { matchProfiles, type Seen } from './match.ts'
import { parseOptionForm } from './option-form.ts'
import type { FileForm, Profile, RequestForm } from './profile.ts'

const source = ['a']

function profile(name: string, more: Partial<Profile> = {}): Profile {
  return {
    name,
    title: name,
    kind: 'bootloader',
    vendors: [],
    direction: 'asks',
    lab: [],
    sources: { a: 'https://example.org' },
    requests: [],
    ports: undefined,
    files: [],
    filesOnly: false,
    recovery: [],
    behaviour: undefined,
    helps: [],
    harms: [],
    notes: [],
    ...more,
  }
}

function asks(options: string, more: Partial<RequestForm> = {}): RequestForm {
  const forms = options === '' ? [] : options.split(' ').map((text) => parseOptionForm(text)!)
  return { direction: 'read', mode: 'octet', options: forms, slash: undefined, source, ...more }
}

const file = (name: string, common = false): FileForm => ({ name, about: name, common, source })

function request(options: string, more: Partial<RequestFingerprint> = {}): RequestFingerprint {
  const pairs = options === '' ? [] : options.split(' ').map((pair) => pair.split('='))
  const parsed = pairs.map(([name, value]) => ({ name, value }))
  return { direction: 'read', filename: 'x.bin', mode: 'octet', options: parsed, ...more }
}

const names = (seen: Seen, profiles: readonly Profile[]): string[] =>
  matchProfiles(seen, profiles).map((match) => match.profile.name)

describe('options', () => {
  const pi = profile('pi', { requests: [asks('tsize=0 blksize=1024')] })
  const grub = profile('grub', { requests: [asks('blksize=1024 tsize=0')] })
  const wide = profile('wide', { requests: [asks('tsize=0 blksize=*')] })

  test('count with their order and their values', () => {
    expect(names({ request: request('tsize=0 blksize=1024') }, [grub, wide, pi])).toEqual(['pi', 'wide'])
    expect(names({ request: request('blksize=1024 tsize=0') }, [grub, wide, pi])).toEqual(['grub'])
    expect(names({ request: request('tsize=0 blksize=512') }, [grub, wide, pi])).toEqual(['wide'])
  })

  test('that are missing or too many fit no profile', () => {
    expect(names({ request: request('tsize=0') }, [pi, wide])).toEqual([])
    expect(names({ request: request('tsize=0 blksize=1024 timeout=1') }, [pi, wide])).toEqual([])
    expect(names({ request: request('') }, [pi, wide])).toEqual([])
  })

  test('that are seldom sent may be there or not', () => {
    const uboot = profile('uboot', { requests: [asks('timeout=5 ?tsize=0 blksize=1468')] })
    const [without] = matchProfiles({ request: request('timeout=5 blksize=1468') }, [uboot])
    const [withSize] = matchProfiles({ request: request('timeout=5 tsize=0 blksize=1468') }, [uboot])
    expect(without.bits).toBeGreaterThan(0)
    expect(withSize.bits).toBeGreaterThan(0)
  })

  test('spelt in another case are the same, and less probable', () => {
    const [plain] = matchProfiles({ request: request('tsize=0 blksize=1024') }, [pi])
    const [loud] = matchProfiles({ request: request('TSIZE=0 BLKSIZE=1024') }, [pi])
    expect(loud.bits).toBeLessThan(plain.bits)
    expect(loud.reasons.map(({ text }) => text)).toContain('options spelt TSIZE,BLKSIZE')
  })

  test('are safe to print, whatever they are', () => {
    const [match] = matchProfiles({ request: request('x=\u001b[2J') }, [profile('any', { requests: [asks('x=*')] })])
    expect(match.reasons[0].text).toBe('the option x=\\x1b[2J')
  })

  test('say in one sentence why', () => {
    const [match] = matchProfiles({ request: request('tsize=0 blksize=1024') }, [pi])
    expect(match.reasons[0].text).toBe('the options tsize=0 blksize=1024, in this order')
  })
})

describe('a name', () => {
  const tplink = profile('tplink', {
    requests: [asks('timeout=*')],
    files: [file('*_tp_recovery.bin')],
    filesOnly: true,
  })
  const uboot = profile('uboot', { requests: [asks('timeout=*')] })

  test('that only one kind asks for decides', () => {
    const seen = { request: request('timeout=3', { filename: 'C7_tp_recovery.bin' }) }
    expect(names(seen, [uboot, tplink])).toEqual(['tplink', 'uboot'])
    expect(matchProfiles(seen, [uboot, tplink])[0].confidence).toBeGreaterThan(0.95)
  })

  test('that it never asks for rules it out', () => {
    expect(names({ request: request('timeout=3') }, [tplink, uboot])).toEqual(['uboot'])
  })

  test('carries options that were not known before', () => {
    const seen = { request: request('timeout=3 tsize=0', { filename: 'C9_tp_recovery.bin' }) }
    const [match] = matchProfiles(seen, [tplink])
    expect(match.profile).toBe(tplink)
    expect(match.confidence).toBeLessThan(0.9)
  })

  test('is all there is where no request is known', () => {
    const windows = profile('windows', { files: [file('?Boot?BCD')] })
    expect(names({ request: request('tsize=0', { filename: '\\Boot\\BCD' }) }, [windows])).toEqual(['windows'])
    expect(names({ request: request('tsize=0') }, [windows])).toEqual([])
  })

  test('that others ask for too tells little', () => {
    const own = profile('own', { files: [file('vmlinux-special')] })
    const common = profile('common', { files: [file('vmlinux-special', true)] })
    expect(names({ request: request('', { filename: 'vmlinux-special' }) }, [common, own])).toEqual(['own', 'common'])
  })
})

describe('other signs', () => {
  const forms = [asks('tsize=0')]
  const plain = profile('plain', { requests: forms })

  test('a direction that it does not have, or none at all', () => {
    const waits = profile('waits', { direction: 'waits', files: [file('x.bin')] })
    expect(names({ request: request('tsize=0', { direction: 'write' }) }, [plain, waits])).toEqual([])
    expect(names({ request: request('tsize=0') }, [plain, waits])).toEqual(['plain'])
  })

  test('the mode and its spelling', () => {
    const loud = profile('loud', { requests: [asks('tsize=0', { mode: 'OCTET' })] })
    expect(names({ request: request('tsize=0', { mode: 'OCTET' }) }, [plain, loud])).toEqual(['loud', 'plain'])
    expect(names({ request: request('tsize=0', { mode: 'netascii' }) }, [plain])).toEqual([])
  })

  test('a slash in front', () => {
    const slash = profile('slash', { requests: [asks('tsize=0', { slash: true })] })
    const never = profile('never', { requests: [asks('tsize=0', { slash: false })] })
    expect(names({ request: request('tsize=0', { filename: '/x' }) }, [never, slash])).toEqual(['slash', 'never'])
    expect(names({ request: request('tsize=0') }, [slash, never])[0]).toBe('never')
  })

  test('the ports', () => {
    const rom = profile('rom', {
      requests: forms,
      ports: { from: 2070, to: 2099, successive: 'counts', repeats: undefined, source },
    })
    const at = (lowest: number, highest: number): Seen => ({
      request: request('tsize=0'),
      ports: { lowest, highest, successive: lowest === highest ? undefined : 'counts', repeats: undefined },
    })
    expect(names(at(2070, 2070), [plain, rom])).toEqual(['rom', 'plain'])
    expect(names(at(2070, 2071), [plain, rom])).toEqual(['rom', 'plain'])
    expect(names(at(50_000, 50_000), [plain, rom])[0]).toBe('plain')
  })

  test('the maker of the network card, where the profile names any', () => {
    const pi = profile('pi', { requests: forms, vendors: ['Raspberry Pi'] })
    expect(names({ request: request('tsize=0'), vendor: 'Raspberry Pi' }, [plain, pi])).toEqual(['pi', 'plain'])
    expect(names({ request: request('tsize=0'), vendor: 'TP-Link' }, [pi, plain])[0]).toBe('plain')
  })

  test('what it does with blocks tells kinds apart that ask in the same way', () => {
    const kind = (name: string, behaviour: Behaviour): Profile =>
      profile(name, { requests: forms, behaviour: { ...behaviour, source } })
    const kinds = [kind('a', { repeat: 'silent', timerMs: 5000 }), kind('b', { repeat: 'acknowledged', timerMs: 1000 })]
    const seen = { request: request('tsize=0'), behaviour: { repeat: 'acknowledged', timerMs: 1100 } as const }
    expect(names({ request: seen.request }, kinds)).toEqual(['a', 'b'])
    expect(names(seen, kinds)).toEqual(['b'])
  })
})

describe('for any request and any profiles', () => {
  const pair = fc.constantFrom('tsize=0', 'blksize=512', 'blksize=1024', 'timeout=1', 'windowsize=4')
  const options = fc.uniqueArray(pair, { maxLength: 3, selector: (text) => text.split('=')[0] })
  const kinds = fc.uniqueArray(
    fc
      .record({ name: fc.stringMatching(/^[a-z]{1,4}$/), options })
      .map(({ name, options: list }) => profile(name, { requests: [asks(list.join(' '))] })),
    { maxLength: 6, selector: ({ name }) => name },
  )

  test('the order of the profiles does not matter, and confidence is shared', () => {
    fc.assert(
      fc.property(options, kinds, (list, profiles) => {
        const seen = { request: request(list.join(' ')) }
        const matches = matchProfiles(seen, profiles)
        expect(matchProfiles(seen, profiles.toReversed())).toEqual(matches)
        const total = matches.reduce((sum, { confidence }) => sum + confidence, 0)
        expect(total).toBeLessThan(1)
        for (const { bits, reasons } of matches) {
          expect(bits).toBeGreaterThanOrEqual(0)
          expect(reasons.reduce((sum, reason) => sum + reason.bits, 0)).toBeCloseTo(bits)
        }
      }),
    )
  })

  test('what a profile says literally is found by it', () => {
    fc.assert(
      fc.property(options, (list) => {
        const [match] = matchProfiles({ request: request(list.join(' ')) }, [
          profile('it', { requests: [asks(list.join(' '))] }),
        ])
        expect(match?.profile.name).toBe('it')
      }),
    )
  })
})
