/** `foresend profile show NAME`: everything that is known of one kind of device, with the sources. */
import { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT } from '../exit.ts'
import { jsonLine } from '../render/json.ts'
import { styleFor } from '../render/style.ts'
import { profileNamed, profilesFor, type StateFlags, stateOption } from './loaded.ts'
import { profileLines } from './render.ts'

const EXAMPLES = `
Examples:
  foresend profile show tplink-recovery
  foresend profile show uboot-2023 --json

Exit codes: 0 done, 2 usage.
`

interface ShowFlags extends StateFlags {
  readonly json?: true
}

export function profileShowCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('show')
    .summary('show everything about one kind of device')
    .description('Show everything that is known of one kind of device, with the source of each fact.')
    .argument('<name>', 'from `foresend profile list`')
    .helpOption('-h, --help', 'print this page')
    .addOption(stateOption())
    .option('--json', 'one JSON object')
    .addHelpText('after', EXAMPLES)
    .action((name: string, flags: ShowFlags) => done(profileShow(context, name, flags)))
}

function profileShow(context: Context, name: string, flags: ShowFlags): number {
  const { profile, origin, path } = profileNamed(profilesFor(context, flags), name)
  if (flags.json === true) context.stdout.write(`${jsonLine({ ...profile, origin, path })}\n`)
  else {
    const lines = profileLines(profile, styleFor(context.stdout.stream), context.stdout.columns)
    for (const line of lines) context.stdout.write(`${line}\n`)
  }
  return EXIT.done
}
