import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseProfile, profileText } from '../content/profile-schema.ts'
import type { RequestFingerprint } from './fingerprint.ts'
import { type AskedOnce, type Learnt, learntProfile } from './learn.ts'
import { matchProfiles } from './match.ts'
import { optionFormText } from './option-form.ts'

function asked(options: string, filename = 'image.bin', more: Partial<AskedOnce> = {}): AskedOnce {
  const pairs = options === '' ? [] : options.split(' ').map((pair) => pair.split('='))
  const request: RequestFingerprint = {
    direction: 'read',
    filename,
    mode: 'octet',
    options: pairs.map(([name, value]) => ({ name, value })),
  }
  return { request, port: 3000, repeat: false, ...more }
}

function learn(requests: readonly AskedOnce[], more: Partial<Learnt> = {}) {
  return learntProfile({
    name: 'bench',
    title: 'the router on the bench',
    asked: requests,
    behaviour: {},
    vendor: undefined,
    where: 'bench.pcapng',
    ...more,
  })
}

const optionsOf = (requests: readonly AskedOnce[]): string[] =>
  learn(requests).requests.map(({ options }) => options.map(optionFormText).join(' '))

describe('what is learnt of a device', () => {
  test('its options, with the values that it sent', () => {
    expect(optionsOf([asked('timeout=1')])).toEqual(['timeout=1'])
    expect(optionsOf([asked('blksize=512 tsize=0'), asked('blksize=1432 tsize=0')])).toEqual([
      'blksize=512|1432 tsize=0',
    ])
  })

  test('that an option has any value, when it had many', () => {
    expect(optionsOf(['1', '2', '3', '4'].map((value) => asked(`timeout=${value}`)))).toEqual(['timeout=*'])
  })

  test('that requests with other options are other requests', () => {
    expect(optionsOf([asked('tsize=0'), asked('blksize=1456')])).toEqual(['tsize=0', 'blksize=1456'])
  })

  test('its names, without what is its alone', () => {
    const { files } = learn([asked('', 'SEP00270DC01C92.cnf.xml'), asked('', 'C0A80001.img'), asked('', 'a')])
    expect(files.map(({ name }) => name)).toEqual(['SEP############.cnf.xml', '########.img'])
  })

  test('its port, when it is always the same', () => {
    expect(learn([asked('', 'a.bin', { port: 69 }), asked('', 'b.bin', { port: 69 })]).ports).toMatchObject({
      from: 69,
      to: 69,
    })
    expect(learn([asked('', 'a.bin', { port: 69 })]).ports).toBeUndefined()
    expect(learn([asked('', 'a.bin', { port: 69 }), asked('', 'b.bin', { port: 70 })]).ports).toBeUndefined()
  })

  test('what it does with blocks, and not how fast it was', () => {
    const { behaviour } = learn([asked('')], { behaviour: { latencyMs: 0.2, repeat: 'silent', timerMs: 1000.4 } })
    expect(behaviour).toEqual({ repeat: 'silent', timerMs: 1000, source: ['seen'] })
    expect(learn([asked('')], { behaviour: { latencyMs: 0.2 } }).behaviour).toBeUndefined()
  })

  test('makes it known: nothing fits the same request better', () => {
    const seen = asked('timeout=7 blksize=700', 'firmware.bin')
    const generic = { ...learn([seen]), name: 'generic', files: [] }
    const [first] = matchProfiles({ request: seen.request }, [generic, learn([seen])])
    expect(first.profile.name).toBe('bench')
  })
})

test('whatever a device sends, a file can be made of it that reads back to the same', () => {
  const text = fc.string({ maxLength: 20 }).filter((one) => !one.includes('\0'))
  const option = fc.record({ name: text, value: text })
  const request = fc.record({
    direction: fc.constantFrom('read' as const, 'write' as const),
    filename: text,
    mode: fc.constantFrom('octet', 'OCTET', 'netascii'),
    options: fc.array(option, { maxLength: 4 }),
  })
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), (requests) => {
      const named = asked('timeout=1', 'image.bin')
      const profile = learn([
        named,
        ...requests.map((one, index) => ({ request: one, port: 2000 + index, repeat: false })),
      ])
      expect(parseProfile(profileText(profile), 'learnt.toml')).toEqual(profile)
    }),
  )
})
