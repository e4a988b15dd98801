/** `foresend diagnose`: why a transfer failed, from a capture of it. */
import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Command } from 'commander'
import { ForesendError } from '../../error.ts'
import type { Context } from '../context.ts'
import { EXIT, messageOf, usageError } from '../exit.ts'
import { writeWhole } from '../write-file.ts'
import { wholeNumber } from '../flags.ts'
import { styleFor } from '../render/style.ts'
import type { JudgedCapture } from './judged.ts'
import type { PageParts } from './page/parts.ts'

const DESCRIPTION = `Say why a transfer failed, and what to do.

Reads capture files (pcap or pcapng, packed with gzip or not), best taken at the server, and says of each TFTP transfer in \
them what happened, most likely why, and which blocks the device may not have.`

const EXAMPLES = `
Examples:
  tcpdump -i eth0 -w flash.pcap udp or arp or icmp    capture while the device tries
  foresend diagnose flash.pcap                        what went wrong
  foresend diagnose flash.pcap --html flash.html      the same as a page with diagrams
  foresend diagnose flash.pcap --replay               and what Foresend would have done
  tcpdump -r flash.pcap -w - | foresend diagnose -    from standard input

Exit codes: 0 all transfers are healthy, 1 a cause was found or there was no transfer, 2 usage, or a file that cannot be
read, 3 not a capture. With several files the highest counts.
`

const DEFAULT_BOOTS = 8
const MAX_BOOTS = 200
/** This command's own: what it finds out is its result. */
const DIAGNOSE_EXIT = { healthy: 0, found: 1, usage: EXIT.usage, noCapture: 3 } as const

interface DiagnoseFlags {
  readonly json?: true
  readonly html?: string
  readonly replay?: true
  readonly boots?: number
}

export function diagnoseCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('diagnose')
    .summary('say why a transfer failed, from a capture of it')
    .description(DESCRIPTION)
    .argument('<capture...>', 'capture files; - is standard input')
    .helpOption('-h, --help', 'print this page')
    .option('--json', 'one JSON object')
    .option('--html <FILE>', 'write a page that needs nothing else, with diagrams and all packets, as well')
    .option('--replay', 'say what Foresend would have done with this client: a model of it, played in the lab')
    .option('--boots <N>', `boots of each server in the replay (${DEFAULT_BOOTS})`, wholeNumber('boots', 1, MAX_BOOTS))
    .addHelpText('after', EXAMPLES)
    .action(async (paths: readonly string[], flags: DiagnoseFlags) => done(await diagnose(context, paths, flags)))
}

async function diagnose(context: Context, paths: readonly string[], flags: DiagnoseFlags): Promise<number> {
  const { html } = flags
  if (flags.boots !== undefined && flags.replay !== true) throw usageError('--boots is for the replay: add --replay')
  if (paths.filter((path) => path === '-').length > 1) throw usageError('standard input can be read once: give - once')
  if (html !== undefined && paths.some((path) => resolve(path) === resolve(html)))
    throw usageError(`--html would write the page over the capture ${html}; give it another path`)
  // What a search leaves behind is collected early: that costs a twentieth of the time, and saves 100 MB and more.
  setFlagsFromString('--semi-space-growth-factor=1')
  // Loaded here: other commands start without them.
  const [{ judgeCapture, isHealthy }, { PageParts }, replaying] = await Promise.all([
    import('./judged.ts'),
    import('./page/parts.ts'),
    flags.replay === true ? import('./replay.ts') : undefined,
  ])
  const parts = html === undefined ? undefined : new PageParts()
  const captures: JudgedCapture[] = []
  let exitCode: number = DIAGNOSE_EXIT.healthy
  for (const path of paths) {
    try {
      const replays = replaying === undefined ? undefined : new replaying.Replays(flags.boots ?? DEFAULT_BOOTS)
      const capture = await judgeCapture(path, (transfer, diagnosis) => {
        parts?.add(path, transfer, diagnosis)
        replays?.add(transfer, diagnosis)
      })
      captures.push(replays === undefined ? capture : replays.into(capture))
      const isWhole = capture.dropped === 0 && capture.unjudged.length === 0
      const isFine = isWhole && capture.judged.length > 0 && capture.judged.every(isHealthy)
      if (!isFine) exitCode = Math.max(exitCode, DIAGNOSE_EXIT.found)
    } catch (error) {
      if (!(error instanceof ForesendError)) throw error
      context.stderr.write(`foresend: ${messageOf(error)}\n`)
      // Only the system's own refusal has a cause; what could be read and is no capture has none.
      exitCode = Math.max(exitCode, error.cause === undefined ? DIAGNOSE_EXIT.noCapture : DIAGNOSE_EXIT.usage)
    }
  }
  await print(context, captures, flags.json === true)
  if (html !== undefined && parts !== undefined && captures.length > 0) await writePage(html, captures, parts)
  return exitCode
}

async function print(context: Context, captures: readonly JudgedCapture[], asJson: boolean): Promise<void> {
  const { stdout } = context
  if (asJson) {
    const { diagnosisJson } = await import('./json.ts')
    stdout.write(`${diagnosisJson(captures)}\n`)
    return
  }
  const { captureLines } = await import('./text.ts')
  const paper = { style: styleFor(stdout.stream), columns: stdout.columns }
  const texts = captures.map((capture) => captureLines(capture, paper).join('\n'))
  if (texts.length > 0) stdout.write(`${texts.join('\n\n')}\n`)
}

async function writePage(path: string, captures: readonly JudgedCapture[], parts: PageParts): Promise<void> {
  const { diagnosisPage } = await import('./page/page.ts')
  const page = diagnosisPage(captures, parts)
  writeWhole(path, page, `the page ${path}`)
}
