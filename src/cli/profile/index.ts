/** `foresend profile …`: what is known of kinds of devices. */
import { Command } from 'commander'
import type { Context } from '../context.ts'
import { profileExplainCommand } from './explain.ts'
import { profileLearnCommand } from './learn.ts'
import { profileListCommand } from './list.ts'
import { profileShowCommand } from './show.ts'
import { profileExportCommand, profileForgetCommand, profileImportCommand } from './state.ts'
import { PROFILE_SUMMARY } from './summary.ts'

const DESCRIPTION = `What is known of kinds of devices: how they ask, what they do with blocks, which addresses and names their \
recovery uses, what helps and what harms. Every fact names its source.

Your own profiles are TOML files in the folder profiles of the state folder; one of the same name takes the place of a \
built-in one.`

const EXAMPLES = `
Examples:
  foresend profile list                                      the kinds that are known
  foresend profile show tplink-recovery                      everything about one of them
  foresend profile explain 'RRQ "test.bin" octet timeout 1'  which kinds send such a request, and why
  foresend profile learn flash.pcap -o my-router.toml        make one of the device in a capture
  foresend profile import my-router.toml                     add your own

Exit codes: 0 done, 1 no profile fits, 2 usage.
`

export function profileCommand(context: Context, done: (exitCode: number) => void): Command {
  const profile = new Command('profile')
    .summary(PROFILE_SUMMARY)
    .description(DESCRIPTION)
    .usage('COMMAND …')
    .helpOption('-h, --help', 'print this page; after a command: the page of that command')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
  const commands = [
    profileListCommand,
    profileShowCommand,
    profileExplainCommand,
    profileLearnCommand,
    profileImportCommand,
    profileExportCommand,
    profileForgetCommand,
  ]
  for (const command of commands) profile.addCommand(command(context, done))
  return profile
}
