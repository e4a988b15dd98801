/** `foresend diagnose`: why a transfer failed, from a capture of it. */
import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { ForesendError } from '../../error.ts'
import type { Context } from '../context.ts'
import { EXIT, messageOf, usageError } from '../exit.ts'
import { styleFor } from '../render/style.ts'

const DESCRIPTION = `Say why a transfer failed, and what to do.

Reads capture files (pcap or pcapng, packed with gzip or not), best taken at the server, and says of each TFTP transfer in \
them what happened, most likely why, and which blocks the device may not have.`

const EXAMPLES = `
Examples:
  tcpdump -i eth0 -w flash.pcap udp or arp or icmp    capture while the device tries
  foresend diagnose flash.pcap                        what went wrong
  foresend diagnose flash.pcap --html flash.html      the same as a page with diagrams
  tcpdump -r flash.pcap -w - | foresend diagnose -    from standard input

Exit codes: 0 all transfers are healthy, 1 a cause was found or there was no transfer, 2 usage, or a file that cannot be read, \
3 not a capture. With several files the highest counts.
`

/** This command's own: what it finds out is its result. */
const DIAGNOSE_EXIT = { healthy: 0, found: 1, usage: EXIT.usage, noCapture: 3 } as const

interface DiagnoseFlags {
  readonly json?: true
  readonly html?: string
}

export function diagnoseCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('diagnose')
    .summary('say why a transfer failed, from a capture of it')
    .description(DESCRIPTION)
    .argument('<capture...>', 'capture files; - is standard input')
    .helpOption('-h, --help', 'print this page')
    .option('--json', 'one JSON object')
    .option('--html <FILE>', 'write a page that needs nothing else, with diagrams and all packets, as well')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: readonly string[], flags: DiagnoseFlags) => done(await diagnose(context, paths, flags)))
}

async function diagnose(context: Context, paths: readonly string[], flags: DiagnoseFlags): Promise<number> {
  if (paths.filter((path) => path === '-').length > 1)
    throw usageError('standard input (-) can be read once: give - once')
  // Loaded here: other commands start without them.
  const [{ judgeCapture, isHealthy }, { PageParts }] = await Promise.all([
    import('./judged.ts'),
    import('./page/parts.ts'),
  ])
  const parts = flags.html === undefined ? undefined : new PageParts()
  let exitCode: number = DIAGNOSE_EXIT.healthy
  const captures = []
  for (const path of paths) {
    try {
      const capture = await judgeCapture(path, (transfer, diagnosis) => parts?.add(path, transfer, diagnosis))
      captures.push(capture)
      const isFine = capture.judged.length > 0 && capture.dropped === 0 && capture.judged.every(isHealthy)
      if (!isFine) exitCode = Math.max(exitCode, DIAGNOSE_EXIT.found)
    } catch (error) {
      if (!(error instanceof ForesendError)) throw error
      context.stderr.write(`foresend: ${messageOf(error)}\n`)
      // Only the system's own refusal has a cause; what could be read and is no capture has none.
      exitCode = Math.max(exitCode, error.cause === undefined ? DIAGNOSE_EXIT.noCapture : DIAGNOSE_EXIT.usage)
    }
  }
  if (flags.json === true) {
    const { diagnosisJson } = await import('./json.ts')
    context.stdout.write(`${diagnosisJson(captures)}\n`)
  } else {
    const { captureLines } = await import('./text.ts')
    const paper = { style: styleFor(context.stdout.stream), columns: context.stdout.columns }
    const text = captures.map((capture) => captureLines(capture, paper).join('\n')).join('\n\n')
    if (text !== '') context.stdout.write(`${text}\n`)
  }
  if (flags.html !== undefined && parts !== undefined && captures.length > 0) {
    const { diagnosisPage } = await import('./page/page.ts')
    try {
      writeFileSync(flags.html, diagnosisPage(captures, parts))
    } catch (error) {
      throw usageError(`cannot write the page: ${messageOf(error)}; give --html another path`)
    }
  }
  return exitCode
}
