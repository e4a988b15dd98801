/** The settings as flags of a command. */
import type { Command } from 'commander'
import { pathText, type Value } from './kind.ts'
import { SETTING_GROUPS, type Setting, SETTINGS } from './settings.ts'

/** Settings that were made, by key. What was left out is absent. */
export type Values = Readonly<Record<string, Value>>

export function addSettingFlags(command: Command): void {
  for (const [heading, settings] of Object.entries(SETTING_GROUPS)) {
    command.optionsGroup(heading)
    for (const setting of settings) addFlag(command, setting)
  }
}

/** The flag as a person types it. */
export function flagOf({ key, kind }: Pick<Setting, 'key' | 'kind'>): string {
  return kind.type === 'switch' && kind.isOn ? `--no-${key}` : `--${key}`
}

/** Of what commander gathered, the settings that were given. */
export function valuesOfFlags(options: Readonly<Record<string, unknown>>): Values {
  const values: Record<string, Value> = {}
  for (const { key, kind } of SETTINGS) {
    const value = options[camelCase(key)]
    // Commander puts true where a `--no-` flag was not given.
    if (value === undefined || (kind.type === 'switch' && value === kind.isOn)) continue
    values[key] = value as Value
  }
  return values
}

function addFlag(command: Command, setting: Setting): void {
  const { kind, value, help } = setting
  const flags = value === '' ? flagOf(setting) : `${flagOf(setting)} ${value}`
  switch (kind.type) {
    case 'switch':
      return void command.option(flags, help)
    case 'path':
      return void command.option(flags, help, pathText)
    case 'list':
      return void command.option(flags, help, kind.parse)
    default:
      return void command.option(flags, help, (text: string) => kind.parse(text))
  }
}

function camelCase(key: string): string {
  return key.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
