/** `foresend profile list`: every kind of device that is known, with one line. */
import { Command } from 'commander'
import type { StoredProfile } from '../../content/profile-files.ts'
import { PROFILE_KINDS } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit.ts'
import { oneOf } from '../flags.ts'
import { type Column, tableLines } from '../lab/render/table.ts'
import { jsonLine } from '../render/json.ts'
import { styleFor } from '../render/style.ts'
import { profilesFor, type StateFlags, stateOption } from './loaded.ts'

const EXAMPLES = `
Examples:
  foresend profile list
  foresend profile list --kind recovery

Exit codes: 0 done, 2 usage.
`

interface ListFlags extends StateFlags {
  readonly kind?: (typeof PROFILE_KINDS)[number]
  readonly json?: true
}

export function profileListCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('list')
    .summary('show the kinds of devices that are known')
    .description('Show the kinds of devices that are known, built in and your own.')
    .helpOption('-h, --help', 'print this page')
    .option('--kind <KIND>', `only this kind: ${PROFILE_KINDS.join(', ')}`, oneOf(...PROFILE_KINDS))
    .addOption(stateOption())
    .option('--json', 'one JSON object for each')
    .addHelpText('after', EXAMPLES)
    .action((flags: ListFlags) => done(profileList(context, flags)))
}

function profileList(context: Context, flags: ListFlags): number {
  const { all } = profilesFor(context, flags)
  const shown = [...all.values()]
    .filter(({ profile }) => flags.kind === undefined || profile.kind === flags.kind)
    .sort((a, b) => a.profile.name.localeCompare(b.profile.name))
  if (flags.json === true) {
    for (const { profile, origin } of shown) {
      const { name, title, kind, direction, vendors } = profile
      context.stdout.write(`${jsonLine({ name, title, kind, direction, vendors, origin })}\n`)
    }
    return EXIT.done
  }
  const style = styleFor(context.stdout.stream)
  const columns: Column<StoredProfile>[] = [
    { title: 'name', text: ({ profile }) => profile.name },
    { title: 'kind', text: ({ profile }) => profile.kind },
    { title: '', text: ({ profile }) => (profile.direction === 'waits' ? 'waits' : 'asks') },
    { title: 'what it is', text: ({ profile, origin }) => `${profile.title}${origin === 'user' ? ' (yours)' : ''}` },
  ]
  for (const line of tableLines(columns, shown, style)) context.stdout.write(`${line}\n`)
  return EXIT.done
}
