/** `foresend config …`: look at a configuration before a server follows it. */
import { Command } from 'commander'
import { openContent } from '../../content/index.ts'
import { parseConfig } from '../../server/config.ts'
import type { Context } from '../context.ts'
import { EXIT, messageOf } from '../exit.ts'
import { plain } from '../render/plain.ts'
import { mapTestCommand } from './map-test.ts'
import { oneOf } from '../flags.ts'
import { writeNew } from '../write-file.ts'
import { checkConfigText, problemText, readConfigFile, textOf } from './read-file.ts'
import { hookProblem, serveSettings } from './serve-settings.ts'
import type { Values } from './setting-flags.ts'
import { importedText, importFiles, type Kind, KINDS, remarkText } from './import/import.ts'
import { SETTINGS } from './settings.ts'
import { CONFIG_SUMMARY } from './summary.ts'
import { exampleConfig, settingLines } from './write.ts'

const DESCRIPTION = `Configuration files of \`foresend serve --config FILE\`.

A file is TOML. Each key is a flag of \`foresend serve\` without its dashes. A running server follows a change of its file at once, \
and SIGHUP makes it read the file again; a file that has a mistake changes nothing.`

const EXAMPLES = `
Examples:
  foresend config init /etc/foresend/foresend.toml    a file with every setting, to begin with
  foresend config check foresend.toml                 every mistake with its line; changes nothing
  foresend config import /etc/default/tftpd-hpa       the same settings as a file of ours
  foresend config show foresend.toml                  what the file sets, and what it leaves at its default
  foresend config map-test tftpd.rules 'boot\\x'       what the rules of tftp-hpa do with a name

Exit codes: 0 done, 1 failed, 2 a mistake in a file or flag.
`

export function configCommand(context: Context, done: (exitCode: number) => void): Command {
  const command = new Command('config')
    .summary(CONFIG_SUMMARY)
    .description(DESCRIPTION)
    .usage('COMMAND …')
    .helpOption('-h, --help', 'print this page; after a command: the page of that command')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
  const inner = (name: string, summary: string): Command =>
    new Command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .helpOption('-h, --help', 'print this page')
      .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 a mistake in a file or flag.\n')
  command.addCommand(
    inner('check', 'name every mistake in a file, with its line')
      .argument('<file...>', 'configuration files')
      .action(async (files: string[]) => done(await check(context, files))),
  )
  command.addCommand(
    inner('show', 'print what a file sets, as a server understands it')
      .argument('<file>', 'configuration file')
      .action((file: string) => done(show(context, file))),
  )
  command.addCommand(
    inner('init', 'write a file with every setting, explained, to begin with')
      .argument('[file]', 'where to; - for standard output', 'foresend.toml')
      .action((file: string) => done(init(context, file))),
  )
  command.addCommand(mapTestCommand(context, done))
  command.addCommand(
    inner('import', "write another server's settings as a configuration file, and name what could not be carried over")
      .argument('<file...>', 'tftpd32.ini, /etc/default/tftpd-hpa, /etc/default/atftpd, dnsmasq.conf')
      .option(
        '--from <SERVER>',
        `what wrote the files: ${KINDS.join(', ')} (seen from what is in them)`,
        oneOf(...KINDS),
      )
      .option('-o, --output <FILE>', 'where to (standard output)')
      .action((files: string[], flags: ImportFlags) => done(importOf(context, files, flags))),
  )
  return command
}

interface ImportFlags {
  readonly from?: Kind
  readonly output?: string
}

function importOf(context: Context, files: readonly string[], { from, output }: ImportFlags): number {
  const imported = importFiles(files, from)
  const text = importedText(files, imported)
  const { problems } = checkConfigText(text, output ?? 'foresend.toml')
  for (const remark of imported.remarks) context.stderr.write(`foresend: ${plain(remarkText(remark))}\n`)
  for (const problem of problems)
    context.stderr.write(`foresend: ${plain(problemText(output ?? 'the result', problem))}\n`)
  if (output === undefined) context.stdout.write(text)
  else {
    writeNew(output, text)
    context.stdout.write(`${plain(`wrote ${output}: \`foresend config check ${output}\` looks at it`)}\n`)
  }
  return problems.length === 0 ? EXIT.done : EXIT.usage
}

async function check(context: Context, files: readonly string[]): Promise<number> {
  let code: number = EXIT.done
  for (const file of files) {
    const problems = await problemsOf(file)
    if (problems.length === 0) {
      context.stdout.write(`${plain(file)}: good\n`)
      continue
    }
    code = EXIT.usage
    for (const problem of problems) context.stderr.write(`foresend: ${plain(problem)}\n`)
  }
  return code
}

/** What keeps a server from following `file`, one line each. */
async function problemsOf(file: string): Promise<string[]> {
  const { values, problems } = checkConfigText(textOf(file), file)
  if (problems.length > 0) return problems.map((problem) => problemText(file, problem))
  try {
    const { server, own } = serveSettings(values)
    const config = parseConfig({ path: '.', ...server })
    ;(await openContent(config.content, { writable: false, overwrite: false })).close()
    const trouble = hookProblem(own)
    return trouble === undefined ? [] : [`${file}: ${trouble}`]
  } catch (error) {
    return [`${file}: ${messageOf(error)}`]
  }
}

function show(context: Context, file: string): number {
  const values: Values = readConfigFile(file)
  const rest = SETTINGS.map(({ key }) => key).filter((key) => !(key in values))
  const lines = [...settingLines(values), `# left at their defaults: ${rest.join(', ')}`]
  context.stdout.write(lines.map((line) => `${line}\n`).join(''))
  return EXIT.done
}

function init(context: Context, file: string): number {
  if (file === '-') {
    context.stdout.write(exampleConfig())
    return EXIT.done
  }
  writeNew(file, exampleConfig())
  context.stdout.write(
    `${plain(`wrote ${file}: change it, then \`foresend config check ${file}\` and \`foresend serve --config ${file}\``)}\n`,
  )
  return EXIT.done
}
