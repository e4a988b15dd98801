/** As much of systemd as a unit of one simple service needs: its file, its command line and its restart rule. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Running, start } from './cli-run.ts'

export interface Unit {
  /** Words of ExecStart. */
  readonly command: readonly string[]
  readonly restart: string
  readonly restartMs: number
  readonly preventExitCodes: readonly number[]
  readonly startLimitBurst: number
  /** Every setting, by section and name; the last one where it stands twice. */
  readonly settings: ReadonlyMap<string, string>
}

/** What systemd takes for an end that was asked for (systemd.service(5), SuccessExitStatus). */
const CLEAN_SIGNALS: ReadonlySet<string> = new Set(['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'])

export function readUnit(path: string): Unit {
  const settings = new Map<string, string>()
  let section = ''
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const text = line.trim()
    if (text === '' || /^[#;]/.test(text)) continue
    const header = /^\[(\w+)\]$/.exec(text)
    const setting = /^(\w+)=(.*)$/.exec(text)
    if (header !== null) section = header[1]
    else if (setting !== null) settings.set(`${section}.${setting[1]}`, setting[2])
    else throw new Error(`not a line of a unit: ${line}`)
  }
  const service = (name: string): string => settings.get(`Service.${name}`) ?? ''
  return {
    command: service('ExecStart').split(/\s+/),
    restart: service('Restart'),
    restartMs: Number(service('RestartSec')) * 1000,
    preventExitCodes: service('RestartPreventExitStatus').split(/\s+/).filter(Boolean).map(Number),
    startLimitBurst: Number(settings.get('Unit.StartLimitBurst')),
    settings,
  }
}

/** Whether a service that ended so is started again (systemd.service(5), table of Restart). */
export function restarts(unit: Unit, code: number | null, signal: string | null): boolean {
  if (unit.restart !== 'on-failure') throw new Error(`only on-failure is played here, not ${unit.restart}`)
  if (code !== null && unit.preventExitCodes.includes(code)) return false
  return signal === null ? code !== 0 : !CLEAN_SIGNALS.has(signal)
}

/** Runs `args` as the unit says, again and again. */
export class Supervisor {
  starts = 0
  /** The one that runs, or ran last. */
  running: Running
  /** Settles when it is not started again. */
  readonly over: Promise<void>
  readonly #unit: Unit
  readonly #args: readonly string[]

  constructor(unit: Unit, args: readonly string[]) {
    this.#unit = unit
    this.#args = args
    this.running = this.#start()
    this.over = this.#supervise()
  }

  async #supervise(): Promise<void> {
    for (;;) {
      const { child } = this.running
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      if (!restarts(this.#unit, child.exitCode, child.signalCode) || this.starts >= this.#unit.startLimitBurst) return
      await delay(this.#unit.restartMs)
      this.running = this.#start()
    }
  }

  #start(): Running {
    this.starts++
    return start(this.#args)
  }
}
