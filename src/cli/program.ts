/** The commands and their flags, and the help that a person reads. */
import { Command } from 'commander'
import { CONFIG_SUMMARY } from './config/summary.ts'
import type { Context } from './context.ts'
import { LAB_SUMMARY } from './lab/summary.ts'
import { ATFTPD_SUMMARY, IN_TFTPD_SUMMARY } from './old/summary.ts'
import { PROFILE_SUMMARY } from './profile/summary.ts'
import { plain } from './render/plain.ts'
import { version } from './version.ts'

const DESCRIPTION = `TFTP server and client for devices that other servers cannot flash.

A router sits on the bench and its bootloader asks for an image by TFTP. \
Foresend serves it, brings the transfer back when the device loses packets, \
and never reports an image as delivered that may have a hole in it.`

const EXAMPLES = `
Examples:
  foresend serve images                 serve the folder images
  foresend serve recovery.bin           serve one file, whatever name the device asks for
  foresend get tftp://192.168.1.1/config.bin
  foresend put image.bin tftp://192.168.1.1/image.bin --wait 60
  foresend diagnose flash.pcap          say why a transfer failed, from a capture of it
  foresend history --failed             what a server served that did not arrive
  foresend config init foresend.toml    a configuration file to begin with
  foresend status                       what a server that runs is doing
  foresend top                          the same as a live table
  foresend lab run --device archer-c2-faulty
                                        try a model of a device against models of servers

Exit codes: 0 done, 1 failed, 2 usage, 3 cannot bind, 4 peer refused, 5 timed out, 6 unconfirmed (put).
`

type Make = (context: Context, done: (exitCode: number) => void) => Command

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Make>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand,
  get: async () => (await import('./get.ts')).getCommand,
  put: async () => (await import('./put.ts')).putCommand,
  tftp: async () => (await import('./prompt/command.ts')).promptCommand,
  diagnose: async () => (await import('./diagnose/command.ts')).diagnoseCommand,
  watch: async () => (await import('./watch/command.ts')).watchCommand,
  history: async () => (await import('./history.ts')).historyCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  stat: async () => (await import('./status.ts')).statCommand,
  top: async () => (await import('./top/command.ts')).topCommand,
  profile: async () => (await import('./profile/index.ts')).profileCommand,
  config: async () => (await import('./config/command.ts')).configCommand,
  lab: async () => (await import('./lab/index.ts')).labCommand,
  'in.tftpd': async () => standIn('in.tftpd', IN_TFTPD_SUMMARY),
  atftpd: async () => standIn('atftpd', ATFTPD_SUMMARY),
  bench: async () => (await import('./bench.ts')).benchCommand,
}

/** Too large to load for a line of the help. */
const SUMMARIES: Readonly<Record<string, string>> = {
  profile: PROFILE_SUMMARY,
  config: CONFIG_SUMMARY,
  lab: LAB_SUMMARY,
}

/**
 * `done` gets the exit code of the command that ran. A command that `name` names is loaded alone, as most of the time of a start goes into
 * loading; else all are there, for help and for a mistake.
 */
export async function buildProgram(context: Context, done: (exitCode: number) => void, name = ''): Promise<Command> {
  const names = Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS)
  const load = async (one: string): Promise<Make> =>
    one !== name && one in SUMMARIES ? standIn(one, SUMMARIES[one]) : COMMANDS[one]()
  const makes = await Promise.all(names.map(load))
  const program = new Command('foresend')
    .description(DESCRIPTION)
    .usage('COMMAND …')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this page; after a command: the page of that command')
    .helpCommand(false)
    .configureHelp({ helpWidth: Math.min(120, context.stdout.columns), showGlobalOptions: false })
    .addHelpText('after', EXAMPLES)
  for (const make of makes) {
    const command = make(context, done)
    program.addCommand(command)
    printThrough(command, context)
  }
  return printThrough(program, context)
}

/** A line of the help for a command that is not loaded. */
function standIn(name: string, summary: string): Make {
  return () => new Command(name).summary(summary)
}

/** Help goes to standard output; a mistake is one line on standard error that names the page to read. */
function printThrough(command: Command, context: Context): Command {
  const path = pathOf(command)
  for (const inner of command.commands) if (command.name() !== 'foresend') printThrough(inner, context)
  return command
    .exitOverride()
    .configureHelp({ helpWidth: Math.min(120, context.stdout.columns) })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(`${oneLine(text)} See \`${path} --help\`.\n`),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
}

/** `foresend lab run`: as one types it. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

/** `error: unknown option '--prot'` and its `(Did you mean --port?)` as one sentence. */
function oneLine(text: string): string {
  const line = text
    .trim()
    .replace(/^error: /, 'foresend: ')
    .replace(/\s*\n\s*/g, ' ')
  return plain(/[.?)]$/.test(line) ? line : `${line}.`)
}
