/** Running one transfer after the other, and showing each: for `get` and `put`. */
import type { PacketLine, Progress, Summary } from '../client/options.ts'
import { ForesendError } from '../error.ts'
import { escapeText } from '../packet/index.ts'
import { EXIT, exitCodeOf, messageOf } from './exit.ts'
import type { Context } from './context.ts'
import { Board } from './render/board.ts'
import { jsonLine } from './render/json.ts'
import type { StreamOutput } from './render/output.ts'
import { safeLine } from './render/pretty.ts'
import { styleFor } from './render/style.ts'
import { countText, durationText, rateText } from './render/units.ts'

/** One transfer to run: what it is called, and the way to start it. */
export interface Job {
  /** For the lines: the remote name, escaped here. */
  readonly label: string
  start(hooks: JobHooks): Promise<Summary>
}

export interface JobHooks {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  readonly onPacket?: (packet: PacketLine) => void
}

/** How a run of jobs is shown and judged. */
export interface JobsView {
  readonly logFormat: 'pretty' | 'json'
  /** Where the closing lines go. */
  readonly results: StreamOutput
  /** Print each packet on standard error. */
  readonly trace: boolean
  /** The exit code of jobs of which none failed and one lacks its last acknowledgement. */
  readonly unconfirmed?: number
}

/**
 * Runs the jobs one after the other and shows them. A job that fails does not keep the next from running; the exit code is that of
 * the worst failure.
 */
export async function runJobs(
  context: Context,
  jobs: readonly Job[],
  verb: string,
  { logFormat, results, trace, unconfirmed = EXIT.done }: JobsView,
): Promise<number> {
  const abort = new AbortController()
  const unwatch = context.watch(() =>
    abort.abort(new ForesendError('ERR_TFTP_ABORTED', 'stopped by a signal', { fault: 'local' })),
  )
  const view = logFormat === 'json' ? jsonView(context, results) : prettyView(context, results, verb)
  let exitCode: number = EXIT.done
  try {
    for (const job of jobs) {
      if (abort.signal.aborted) break
      const onPacket = (packet: PacketLine): void => context.stderr.write(packetLine(packet))
      const hooks = { signal: abort.signal, ...(trace ? { onPacket } : {}) }
      const code = await runJob(job, view, hooks, unconfirmed)
      if (badnessOf(code) > badnessOf(exitCode)) exitCode = code
    }
  } finally {
    unwatch()
    view.close()
  }
  return exitCode
}

/** Exit codes from the best to the worst: a file that arrived wrong is worse than one that the server does not have. */
const BY_BADNESS: readonly number[] = [
  EXIT.done,
  EXIT.unconfirmed,
  EXIT.peerRefused,
  EXIT.timedOut,
  EXIT.cannotBind,
  EXIT.usage,
  EXIT.failed,
]

function badnessOf(code: number): number {
  return BY_BADNESS.indexOf(code)
}

interface View {
  progress(label: string, progress: Progress): void
  completed(label: string, summary: Summary): void
  failed(label: string, error: unknown): void
  close(): void
}

async function runJob(job: Job, view: View, hooks: Omit<JobHooks, 'onProgress'>, unconfirmed: number): Promise<number> {
  try {
    const summary = await job.start({ ...hooks, onProgress: (progress) => view.progress(job.label, progress) })
    view.completed(job.label, summary)
    return summary.lastAck === 'missing' ? unconfirmed : EXIT.done
  } catch (error) {
    view.failed(job.label, error)
    return exitCodeOf(error)
  }
}

/** `  12.031  sent      ACK 7`: milliseconds since the first request. */
function packetLine({ ms, sent, text }: PacketLine): string {
  return `${ms.toFixed(3).padStart(10)}  ${sent ? 'sent      ' : 'received  '}${text}\n`
}

function prettyView(context: Context, results: StreamOutput, verb: string): View {
  // Bars go to standard error, so that standard output stays clean for what is piped on.
  const board = new Board(context.stderr, context.now)
  const style = styleFor(results.stream)
  return {
    progress: (label, { bytes, sizeBytes }) => board.update(label, escapeText(label), bytes, sizeBytes),
    completed(label, summary) {
      board.remove(label)
      const mark = summary.lastAck === 'missing' ? style.careful('probably complete') : style.good(verb)
      results.write(`${mark} ${escapeText(label)}: ${facts(summary)}\n`)
    },
    failed(label, error) {
      board.remove(label)
      context.stderr.write(
        `${styleFor(context.stderr.stream).bad('failed')} ${escapeText(label)}: ${safeLine(messageOf(error))}\n`,
      )
    },
    close: () => board.close(),
  }
}

function facts(summary: Summary): string {
  const rate = rateText(summary.ms > 0 ? (summary.bytes * 1000) / summary.ms : 0)
  const repeated = summary.retransmitted === 0 ? '' : `, ${countText(summary.retransmitted, 'repeated datagram')}`
  const came = summary.cameInstead === undefined ? '' : ` (${safeLine(summary.cameInstead)} came instead)`
  const missing =
    summary.lastAck === 'missing' ? `. Only its last acknowledgement is missing${came}: verify on the device` : ''
  const noSize = summary.noSize === true ? '. The server gave no size: compare it, or give --expect-size' : ''
  const fallback = summary.fallback === undefined ? '' : `. Without options: ${safeLine(summary.fallback)}`
  return `${countText(summary.bytes, 'byte')} in ${durationText(summary.ms)}, ${rate}${repeated}, CRC32 ${summary.crc32}, sha256 ${summary.sha256}${missing}${noSize}${fallback}`
}

/** Between two progress lines for programs. */
const JSON_PROGRESS_MS = 1000

function jsonView(context: Context, results: StreamOutput): View {
  let progressAt = context.now()
  const print = (event: string, fields: object): void =>
    results.write(`${jsonLine({ event, time: context.now(), ...fields })}\n`)
  return {
    progress(file, progress) {
      if (context.now() - progressAt < JSON_PROGRESS_MS) return
      progressAt = context.now()
      print('progress', { file, ...progress })
    },
    completed: (file, summary) => print('completed', { ...summary, file }),
    failed(file, error) {
      const known =
        error instanceof ForesendError ? { code: error.code, fault: error.fault } : { code: 'ERR_TFTP_INTERNAL' }
      print('failed', { file, ...known, cause: messageOf(error) })
    },
    close: () => {},
  }
}
