/** Events as lines of the system log: through `logger`, or, where the journal reads what a service prints, on standard output. */
import { spawn } from 'node:child_process'
import type { EventLevel, ServerEvent } from '../../server/contract.ts'
import { levelOf } from '../../server/level.ts'
import type { EventPrinter } from '../render/events.ts'
import { eventText, safeLine } from '../render/pretty.ts'

/** syslog(3). */
const FACILITY_DAEMON = 3 << 3
const SEVERITY: Readonly<Record<EventLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 }

/** `write` gets lines of `<PRIORITY>text`. */
export function syslogPrinter(write: (line: string) => void, close: () => void = () => {}): EventPrinter {
  const line = (severity: number, text: string): void => write(`<${FACILITY_DAEMON + severity}>${safeLine(text)}`)
  return {
    event(event: ServerEvent) {
      const text = eventText(event)
      if (text !== '') line(SEVERITY[levelOf(event)], text)
    },
    watch: () => {},
    say: (...lines) => {
      for (const text of lines) line(SEVERITY.info, text)
    },
    close,
  }
}

/** Lines to the log of the system under the name `tag`. Where `logger` is missing they go to standard error. */
export function openSyslog(tag: string, env: NodeJS.ProcessEnv = process.env): EventPrinter {
  if (env.JOURNAL_STREAM !== undefined) return syslogPrinter((line) => process.stdout.write(`${line}\n`))
  const logger = spawn('logger', ['--prio-prefix', '--id=' + process.pid, '--tag', tag], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  let isLost = false
  const lost = (): void => void (isLost = true)
  logger.on('error', lost)
  logger.stdin.on('error', lost)
  logger.unref()
  const write = (line: string): void => {
    if (isLost) process.stderr.write(`${line}\n`)
    else logger.stdin.write(`${line}\n`)
  }
  return syslogPrinter(write, () => logger.stdin.end())
}
