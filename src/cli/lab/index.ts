/** `foresend lab …`: the commands of the device lab. */
import { Command } from 'commander'
import type { Context } from '../context.ts'
import { LAB_SUMMARY } from './summary.ts'
import { labExplainCommand } from './explain.ts'
import { labListCommand } from './list.ts'
import { labDeviceCommand, labLinkCommand } from './live.ts'
import { labRunCommand } from './run.ts'
import { labSweepCommand } from './sweep.ts'

const DESCRIPTION = `Models of devices and servers, in virtual time and on real sockets.

A server can only be tried on a router that is at hand. So the lab has those devices as models, with their faults, and \
the other servers as well.`

const EXAMPLES = `
Examples:
  foresend lab list                                 what there is
  foresend lab run --device archer-c2-faulty        one device against every server
  foresend lab explain archer-c2                    why some servers can flash it and others cannot
  foresend lab device archer-c2-faulty --host 127.0.0.1 --port 6969 --file hello.txt
  foresend lab link --listen 127.0.0.1:6970 --to 127.0.0.1:6969 --fault ack-loss:p=0.037

Exit codes: 0 done, 1 failed, 2 usage, 3 cannot bind.
`

export function labCommand(context: Context, done: (exitCode: number) => void): Command {
  const lab = new Command('lab')
    .summary(LAB_SUMMARY)
    .description(DESCRIPTION)
    .usage('COMMAND …')
    .helpOption('-h, --help', 'print this page; after a command: the page of that command')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
  const commands = [labRunCommand, labSweepCommand, labListCommand, labExplainCommand, labDeviceCommand, labLinkCommand]
  for (const command of commands) lab.addCommand(command(context, done))
  return lab
}
