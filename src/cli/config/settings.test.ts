import { Command } from 'commander'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CONFIG_KEYS, RULE_KEYS } from '../../server/config.ts'
import { CONTENT_INPUT_KEYS } from '../../server/content-config.ts'
import type { Context } from '../context.ts'
import { serveCommand } from '../serve.ts'
import type { Setting, Value } from './kind.ts'
import { checkConfigText } from './read-file.ts'
import { addSettingFlags, flagOf, type Values, valuesOfFlags } from './setting-flags.ts'
import { RULE_SETTINGS } from './rule-settings.ts'
import { serveSettings } from './serve-settings.ts'
import { SETTINGS } from './settings.ts'
import { exampleConfig, settingLine, settingLines } from './write.ts'

const FILE = '/etc/foresend/foresend.toml'
const withFlag = SETTINGS.filter(({ key }) => key !== 'path')

/** What `serve` would make of these words. */
function fromFlags(words: readonly string[]): Values {
  const command = new Command('serve').exitOverride()
  addSettingFlags(command)
  command.parse([...words], { from: 'user' })
  return valuesOfFlags(command.opts())
}

/** The words that set `value` on the command line. */
function wordsFor(setting: Setting, value: Value): string[] {
  if (setting.kind.type === 'switch') return [flagOf(setting)]
  const values = Array.isArray(value) ? (value as readonly Value[]) : [value]
  return values.flatMap((one) => [flagOf(setting), wordFor(one)])
}

function wordFor(value: Value): string {
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .map(([key, inner]) => settingLine(key, inner as Value))
    .join(', ')
}

describe('flags and keys', () => {
  test('every flag of serve is a key, and every key a flag', () => {
    const flags = serveCommand({} as Context, () => {}).options.map(({ long }) => long)
    expect(flags).toEqual(['--config', ...withFlag.map(flagOf)])
  })

  test('every member of the configuration has one', () => {
    const members = SETTINGS.map(({ member }) => member)
    const keys = [...CONFIG_KEYS, ...CONTENT_INPUT_KEYS].filter((key) => key !== 'content' && key !== 'sockets')
    expect(keys.filter((key) => !members.includes(key))).toEqual([])
  })

  test('every member of a rule has a key', () => {
    expect(new Set(RULE_SETTINGS.map(({ member }) => member))).toEqual(new Set(RULE_KEYS))
  })

  test.each(RULE_SETTINGS.map((setting) => [setting.key, setting] as const))('%s of a rule', (key, { example }) => {
    const read = checkConfigText(`[[rule]]\n${settingLine(key, example)}`, FILE)
    expect(read.problems).toEqual([])
    expect(serveSettings(read.values).server.rules).toEqual([
      { [RULE_SETTINGS.find((s) => s.key === key)?.member ?? '']: example },
    ])
    expect(fromFlags(['--rule', settingLine(key, example)])).toEqual(read.values)
  })

  test.each(withFlag.map((setting) => [setting.key, setting] as const))('%s is the same in both', (key, setting) => {
    const read = checkConfigText(settingLine(key, setting.example), FILE)
    // Some need another one beside them.
    expect(read.problems.filter(({ text }) => !/--writable|--record|--multicast /.test(text))).toEqual([])
    const flags = fromFlags(wordsFor(setting, setting.example))
    expect(read.values).toEqual(flags)
    expect(settingLines(read.values)).toEqual([settingLine(key, setting.example)])
  })

  test('a relative path of a file is relative to its folder', () => {
    expect(checkConfigText('path = "images"\nrecord = "../x"', FILE).values).toEqual({
      path: resolve('/etc/foresend/images'),
      record: resolve('/etc/x'),
    })
  })
})

describe('the file to begin with', () => {
  const lines = exampleConfig().split('\n')

  test('can be used as it is', () => expect(checkConfigText(lines.join('\n'), FILE).problems).toEqual([]))

  test('has every setting', () => {
    const keys = lines.flatMap((line) => /^#?([a-z-]+) = |^#\[\[(rule)\]\]/.exec(line)?.slice(1) ?? [])
    for (const { key } of SETTINGS) expect(keys).toContain(key)
  })
})
