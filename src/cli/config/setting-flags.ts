/** The settings as flags of a command. */
import { type Command, InvalidArgumentError } from 'commander'
import { parse, TomlError } from 'smol-toml'
import { pathText, type Setting, type Value } from './kind.ts'
import { readTable } from './read-table.ts'
import { SETTING_GROUPS, SETTINGS } from './settings.ts'

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
    case 'tables':
      return void command.option(flags, help, (text: string, before: readonly Value[] | undefined) => [
        ...(before ?? []),
        inlineTable(kind.settings, text),
      ])
    default:
      return void command.option(flags, help, (text: string) => kind.parse(text))
  }
}

/** The inside of a TOML inline table, as a flag has it. */
function inlineTable(settings: readonly Setting[], text: string): Value {
  const { values, problems } = readTable(settings, tableIn(text), process.cwd())
  if (problems.length > 0) throw new InvalidArgumentError(`In it, ${problems[0].text}.`)
  return values
}

function tableIn(text: string): object {
  try {
    return parse(`table = { ${text} }`).table as object
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw new InvalidArgumentError('It takes keys and values of TOML, such as: client = "10.0.0.7", window = 4.')
  }
}

function camelCase(key: string): string {
  return key.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
