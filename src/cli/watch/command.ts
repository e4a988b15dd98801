/** `foresend watch`: what devices on a network try, shown as it happens, without serving anything. */
import { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { wholeNumber } from '../flags.ts'
import type { WatchFlags } from './flags.ts'

const DESCRIPTION = `Listen on a network card, without serving, and tell live what a device tries.
It names the address that the device looks for, the file that it asks for, whether any server answers, how the transfer goes \
and ends, and the line to type to serve it. It needs Linux and root, and sends nothing.`

const EXAMPLES = `
Examples:
  sudo foresend watch eth0              then switch the device on
  sudo foresend watch eth0 --count 1    until one transfer has ended
  foresend watch --read flash.pcap      the same from a capture
Exit codes: 0 a device asked for a file, 1 none did, 2 usage, or a file that is no capture, 3 cannot listen there.
`

export function watchCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('watch')
    .summary('tell live what a device on the network tries, without serving')
    .description(DESCRIPTION)
    .argument('[interface]', 'network card, such as eth0; the only one with a cable where there is one')
    .helpOption('-h, --help', 'print this page')
    .option('--read <FILE>', 'a capture file in place of a network card; - is standard input')
    .option('--seconds <N>', 'end after this time', wholeNumber('seconds', 1, 1_000_000))
    .option('--count <N>', 'end after this many transfers', wholeNumber('transfers', 1, 1_000_000))
    .option('--state <DIR>', 'the state folder, whose folder profiles has your own')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action(async (card: string | undefined, flags: WatchFlags) => done(await watch(context, card, flags)))
}

async function watch(context: Context, card: string | undefined, flags: WatchFlags): Promise<number> {
  if (card !== undefined && flags.read !== undefined)
    throw usageError('watch takes a network card or --read FILE: give one of them')
  // Loaded here: other commands start without them.
  const { watchCard, watchFile } = await import('./run.ts')
  const requests =
    flags.read === undefined ? await watchCard(context, card, flags) : await watchFile(context, flags.read, flags)
  return requests > 0 ? EXIT.done : EXIT.failed
}
