/** `foresend profile import | export | forget`: the user's own profiles, as files that can be given to others. */
import { Command } from 'commander'
import { forgetProfile, readText, storeProfile } from '../../content/profile-files.ts'
import { parseProfile } from '../../content/profile-schema.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { writeWhole } from '../write-file.ts'
import { profileNamed, profilesFor, type StateFlags, stateFolder, stateOption } from './loaded.ts'

const EXIT_CODES = '\nExit codes: 0 done, 1 failed, 2 usage.\n'

interface ImportFlags extends StateFlags {
  readonly force?: true
}

interface ExportFlags extends StateFlags {
  readonly output?: string
}

export function profileImportCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('import')
    .summary('add profiles of your own')
    .description('Check profile files and put them into the state folder. Where one is wrong, none is added.')
    .argument('<file...>', 'TOML files; the name inside counts')
    .helpOption('-h, --help', 'print this page')
    .option('--force', 'replace what you have under the same name')
    .addOption(stateOption())
    .addHelpText('after', `\nExamples:\n  foresend profile import my-router.toml\n${EXIT_CODES}`)
    .action((files: readonly string[], flags: ImportFlags) => done(profileImport(context, files, flags)))
}

export function profileExportCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('export')
    .summary('write a profile as a file')
    .description('Write a profile, built in or your own, as the TOML text that import reads.')
    .argument('<name>', 'from `foresend profile list`')
    .helpOption('-h, --help', 'print this page')
    .option('-o, --output <FILE>', 'to this file instead of standard output')
    .addOption(stateOption())
    .addHelpText('after', `\nExamples:\n  foresend profile export uboot-1.1 -o my-router.toml\n${EXIT_CODES}`)
    .action((name: string, flags: ExportFlags) => done(profileExport(context, name, flags)))
}

export function profileForgetCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('forget')
    .summary('remove a profile of your own')
    .description('Remove a profile from the state folder. A built-in one of the same name holds again.')
    .argument('<name>', 'from `foresend profile list`')
    .helpOption('-h, --help', 'print this page')
    .addOption(stateOption())
    .addHelpText('after', `\nExamples:\n  foresend profile forget my-router\n${EXIT_CODES}`)
    .action((name: string, flags: StateFlags) => done(profileForget(context, name, flags)))
}

function profileImport(context: Context, files: readonly string[], flags: ImportFlags): number {
  const { all } = profilesFor(context, flags)
  const texts = files.map((file) => ({ file, text: readText(file) }))
  const named = texts.map(({ file, text }) => ({ file, text, name: parseProfile(text, file).name }))
  for (const [index, { file, name }] of named.entries()) {
    if (flags.force !== true && all.get(name)?.origin === 'user') {
      throw usageError(`${file}: you have a profile called ${name} already: --force replaces it, or change its name`)
    }
    const twin = named.findIndex((other) => other.name === name)
    if (twin < index)
      throw usageError(`${named[twin].file} and ${file} both hold a profile called ${name}: change one name`)
  }
  for (const { name, text } of named) {
    const path = storeProfile(stateFolder(flags), name, text)
    const instead = all.get(name)?.origin === 'built-in' ? ', in place of the built-in one' : ''
    context.stdout.write(`${name}: ${path}${instead}\n`)
  }
  return EXIT.done
}

function profileExport(context: Context, name: string, flags: ExportFlags): number {
  const { path } = profileNamed(profilesFor(context, flags), name)
  const text = readText(path)
  if (flags.output === undefined) context.stdout.write(text)
  else writeWhole(flags.output, text)
  return EXIT.done
}

function profileForget(context: Context, name: string, flags: StateFlags): number {
  // A file that is skipped because it is wrong can be removed as well.
  if (!forgetProfile(stateFolder(flags), name)) {
    const { path } = profileNamed(profilesFor(context, flags), name)
    throw usageError(`${name} is built in and stays (${path}): import one of the same name to take its place`)
  }
  context.stdout.write(`${name}: forgotten\n`)
  return EXIT.done
}
