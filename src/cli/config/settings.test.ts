import { Command } from 'commander'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CONFIG_KEYS } from '../../server/config.ts'
import type { Context } from '../context.ts'
import { serveCommand } from '../serve.ts'
import type { Value } from './kind.ts'
import { checkConfigText } from './read-file.ts'
import { addSettingFlags, flagOf, type Values, valuesOfFlags } from './setting-flags.ts'
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
function wordsFor(setting: (typeof SETTINGS)[number], value: Value): string[] {
  if (setting.kind.type === 'switch') return [flagOf(setting)]
  const values = Array.isArray(value) ? (value as readonly Value[]) : [value]
  return values.flatMap((one) => [flagOf(setting), typeof one === 'string' ? one : JSON.stringify(one)])
}

describe('flags and keys', () => {
  test('every flag of serve is a key, and every key a flag', () => {
    const flags = serveCommand({} as Context, () => {}).options.map(({ long }) => long)
    expect(flags).toEqual(['--config', ...withFlag.map(flagOf)])
  })

  test('every member of the configuration has one', () => {
    const members = SETTINGS.map(({ member }) => member)
    expect(CONFIG_KEYS.filter((key) => key !== 'content' && !members.includes(key))).toEqual([])
  })

  test.each(withFlag.map((setting) => [setting.key, setting] as const))('%s is the same in both', (key, setting) => {
    const read = checkConfigText(settingLine(key, setting.example), FILE)
    // Some need another one beside them.
    expect(read.problems.filter(({ text }) => !text.includes('--writable'))).toEqual([])
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
    const keys = lines.flatMap((line) => /^#?([a-z-]+) = /.exec(line)?.[1] ?? [])
    expect(keys).toEqual(SETTINGS.map(({ key }) => key))
  })
})
