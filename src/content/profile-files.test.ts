import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { forgetProfile, loadProfiles, loadVendors, readProfile, storeProfile, userPath } from './profile-files.ts'
import { parseProfile, profileText } from './profile-schema.ts'

const work = mkdtempSync(join(tmpdir(), 'foresend-profiles-'))
afterAll(() => rmSync(work, { recursive: true }))

const TEXT = `name = "my-router"
title = "The router on the bench"
kind = "recovery"

[sources]
seen = "bench.pcapng"

[[request]]
options = ["timeout=1"]
source = ["seen"]
`

describe('a profile file', () => {
  test('is read, with what it leaves out', () => {
    expect(parseProfile(TEXT, 'x')).toEqual({
      name: 'my-router',
      title: 'The router on the bench',
      kind: 'recovery',
      vendors: [],
      direction: 'asks',
      lab: [],
      sources: { seen: 'bench.pcapng' },
      requests: [
        {
          direction: 'read',
          mode: 'octet',
          options: [{ name: 'timeout', values: [{ type: 'literal', text: '1' }], seldom: false }],
          slash: undefined,
          source: ['seen'],
        },
      ],
      ports: undefined,
      files: [],
      filesOnly: false,
      recovery: [],
      behaviour: undefined,
      helps: [],
      harms: [],
      notes: [],
    })
  })

  test('as docs/profiles.md shows it has every part', () => {
    const page = readFileSync(new URL('../../docs/profiles.md', import.meta.url), 'utf8')
    const [, example] = /```toml\n(.*?)```/s.exec(page)!
    const profile = parseProfile(example, 'docs/profiles.md')
    for (const [key, value] of Object.entries(profile)) {
      expect(value, key).toBeDefined()
      if (Array.isArray(value) && key !== 'lab') expect(value.length, key).toBeGreaterThan(0)
    }
  })

  test('is written so that it reads back to the same', () => {
    const profile = parseProfile(TEXT, 'x')
    expect(parseProfile(profileText(profile), 'x')).toEqual(profile)
  })

  test.each<[string, string, string, RegExp]>([
    ['a word that is not quoted', 'kind = "recovery"', 'kind = recovery', /^x:3: this is no TOML: /],
    ['an unknown key', 'kind =', 'knid = "a"\nkind =', /^x: knid is unknown: leave it out.*docs\/profiles\.md$/],
    ['a missing key', 'title = "The router on the bench"\n', '', /^x: title is missing$/],
    [
      'an unknown kind',
      '"recovery"',
      '"router"',
      /^x: kind "router" is not right: it takes bootloader, network-boot, /,
    ],
    ['a name with a slash', '"my-router"', '"../router"', /^x: name .* it takes lower case letters, digits, dots/],
    ['control characters', 'The router', '\\u001b[2J', /^x: title .* is not right: it takes one line of 1 to 600/],
    ['marks that turn the line round', 'The router', '\\u202e', /^x: title .* is not right: it takes one line/],
    [
      'a word for a table',
      'kind =',
      'note = ["any"]\nkind =',
      /^x: note\[0\] "any" is not right: it takes a table of keys and values$/,
    ],
    ['an option without a value', '"timeout=1"', '"timeout"', /^x: request\[0\]\.options\[0\] "timeout" .* NAME=VALUE/],
    [
      'a source that is not there',
      '["seen"]',
      '["saw"]',
      /^x: the source "saw" is not in \[sources\], which has seen$/,
    ],
    ['a fact without a source', 'source = ["seen"]\n', '', /^x: request\[0\]\.source is missing$/],
    ['a source that nothing names', 'seen =', 'other = "b"\nseen =', /^x: sources\.other is named by no fact/],
    [
      'an address that is none',
      '[[request]]',
      '[[recovery]]\nhost = "192.168.0"\nhow = "a"\nsource = ["seen"]\n[[request]]',
      /^x: recovery\[0\]\.host "192\.168\.0" .* it takes an IP address$/,
    ],
    [
      'ports the wrong way round',
      '[[request]]',
      '[ports]\nfrom = 2\nto = 1\nsource = ["seen"]\n[[request]]',
      /^x: ports\.from is above ports\.to/,
    ],
    [
      'a pattern for every name',
      '[[request]]',
      '[[file]]\nname = "*.b"\nabout = "a"\nsource = ["seen"]\n[[request]]',
      /^x: file\[0\]\.name "\*\.b" .* at least 3 of them/,
    ],
    [
      'nothing to be known by',
      /\[\[request[^]*/.source,
      '[[note]]\ntext = "a"\nsource = ["seen"]\n',
      /^x: request is missing: a device that asks needs/,
    ],
  ])('with %s is refused', (_what, from, to, says) => {
    const text = TEXT.replace(from.startsWith('\\[\\[') ? new RegExp(from) : from, to)
    expect(text).not.toBe(TEXT)
    expect(() => parseProfile(text, 'x')).toThrow(says)
  })
})

describe("the user's profiles", () => {
  const state = join(work, 'state')
  const put = (file: string, text: string): void => {
    mkdirSync(join(state, 'profiles'), { recursive: true })
    writeFileSync(join(state, 'profiles', file), text)
  }

  test('need no folder to begin with', () => {
    expect(loadProfiles(join(work, 'nowhere')).skipped).toEqual([])
  })

  test('stand beside the built-in ones, take the place of one, and a bad file is skipped by name', () => {
    put('my-router.toml', TEXT)
    put('curl.toml', TEXT.replace('my-router', 'curl'))
    put('broken.toml', 'name = ')
    put('other.toml', TEXT)
    put('large.toml', `# ${'x'.repeat(70_000)}\n${TEXT}`)
    put('README', 'not looked at')
    const { all, skipped } = loadProfiles(state)
    expect(all.get('my-router')).toMatchObject({ origin: 'user' })
    expect(all.get('curl')).toMatchObject({ origin: 'user', profile: { title: 'The router on the bench' } })
    expect(all.get('ipxe')).toMatchObject({ origin: 'built-in' })
    expect(skipped).toHaveLength(3)
    expect(skipped[0]).toMatch(/^skipped a profile: .*broken\.toml:1: this is no TOML/)
    expect(skipped[1]).toMatch(/large\.toml is too large for a profile: 65536 bytes at most/)
    expect(skipped[2]).toMatch(/other\.toml: its name is my-router: call the file my-router\.toml/)
  })

  test('are stored whole and leave nothing beside them, and can be forgotten', () => {
    const folder = join(work, 'fresh')
    const path = storeProfile(folder, 'my-router', TEXT)
    expect(readProfile(path).name).toBe('my-router')
    storeProfile(folder, 'my-router', `${TEXT}# again\n`)
    expect(readdirSync(join(folder, 'profiles'))).toEqual(['my-router.toml'])
    expect(forgetProfile(folder, 'my-router')).toBe(true)
    expect(forgetProfile(folder, 'my-router')).toBe(false)
    expect(readdirSync(join(folder, 'profiles'))).toEqual([])
  })

  test.each(['../x', 'a/b', 'A', '', '.hidden'])('are never outside the folder: %j is no name', (name) => {
    expect(() => userPath(state, name)).toThrow(/is no name of a profile/)
  })

  test('that cannot be stored say where', () => {
    const file = join(work, 'a-file')
    writeFileSync(file, '')
    expect(() => storeProfile(file, 'x', TEXT)).toThrow(/cannot write .*: E(EXIST|NOTDIR); choose another state folder/)
    expect(() => loadProfiles(file)).toThrow(/cannot read .*: ENOTDIR; choose another state folder/)
  })
})

test('no prefix of a network card belongs to two makers', () => {
  const prefixes = loadVendors().flatMap((vendor) => vendor.prefixes)
  expect(new Set(prefixes).size).toBe(prefixes.length)
})
