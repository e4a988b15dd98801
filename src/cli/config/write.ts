/** Settings as the text of a configuration file. */
import { stringify } from 'smol-toml'
import type { Setting, Value } from './kind.ts'
import type { Values } from './setting-flags.ts'
import { PATH_SETTING, SETTING_GROUPS, SETTINGS } from './settings.ts'

const HEAD = [
  '# Settings of `foresend serve --config THIS-FILE`. Each key is a flag of that command without its dashes: see its --help.',
  '# A flag wins over its key. A change of this file counts at once for new transfers; one that cannot be used changes nothing.',
]

/** `key = value`. */
export function settingLine(key: string, value: Value): string {
  return stringify({ [key]: value }).trimEnd()
}

/** The settings that were made, one a line, in the order of the table. */
export function settingLines(values: Values): string[] {
  return SETTINGS.flatMap(({ key }) => (key in values ? [settingLine(key, values[key])] : []))
}

/** A file to begin with: every setting is there, those that nothing is wrong with leaving out as comments. */
export function exampleConfig(): string {
  const groups = Object.entries(SETTING_GROUPS).flatMap(([heading, settings]) => [
    '',
    `# ${heading}`,
    ...settings.flatMap(exampleLines),
  ])
  return [
    ...HEAD,
    '',
    `# ${PATH_SETTING.help}`,
    settingLine(PATH_SETTING.key, PATH_SETTING.example),
    ...groups,
    '',
  ].join('\n')
}

function exampleLines({ key, help, example }: Setting): string[] {
  return [
    '',
    `# ${help}`,
    ...settingLine(key, example)
      .split('\n')
      .map((line) => `#${line}`),
  ]
}
