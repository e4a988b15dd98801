/** `foresend serve`: start the server, show what happens, and end it well. */
import { Command } from 'commander'
import {
  type EventLevel,
  type Server,
  type ServerConfig,
  type ServerConfigInput,
  STOP_GRACE_MS,
} from '../server/contract.ts'
import { handedSockets } from '../io/handed-sockets.ts'
import { Api } from '../control/api.ts'
import type { HttpListener } from '../control/http/listen.ts'
import type { ControlSocket } from '../control/socket.ts'
import type { OpenHistory } from '../history/history.ts'
import { stateFolder } from '../history/state-folder.ts'
import { EXIT, messageOf, usageError } from './exit.ts'
import { hookProblem, type OwnSettings } from './config/serve-settings.ts'
import { addSettingFlags, valuesOfFlags } from './config/setting-flags.ts'
import { SETTINGS } from './config/settings.ts'
import { type ReadSettings, SettingsSource } from './config/source.ts'
import { barredFolder, confinementLine, planOf } from './confine/index.ts'
import { startHooks } from '../control/hooks.ts'
import { reportReady } from './service/background.ts'
import { type HttpPlan, openHttp, planHttp, watchLine } from './service/http.ts'
import { watchIdle } from './service/idle.ts'
import { notifyService } from './service/notify.ts'
import { writePidFile } from './service/pid-file.ts'
import { openLogFile } from './service/log-file.ts'
import { openSyslog } from './service/syslog.ts'
import { becomeUser, findUser } from './service/user.ts'
import { startWatchdog } from './service/watchdog.ts'
import { fetchLines } from './hint.ts'
import type { Context } from './context.ts'
import { type Started, startOnUsualPort } from './port.ts'
import { atLevel, type EventPrinter, jsonPrinter, prettyPrinter } from './render/events.ts'
import { summaryLine } from './render/summary.ts'
import { countText } from './render/units.ts'
import { version } from './version.ts'

const DESCRIPTION = `Serve a folder by TFTP, or one file for any name asked.

Without flags it asks nothing of the device: one block at a time, as every TFTP client expects, \
with quick repeats that bring back devices which lose acknowledgements. Only private, link-local and loopback addresses are served.`

const EXAMPLES = `
Examples:
  foresend serve images                          all files below the folder images
  foresend serve recovery.bin --host 192.168.0.66
                                                 one file, to a device that asks this address for it
  foresend serve images --window 2               two blocks on the way: much faster with a device that loses packets
  foresend serve uploads --writable              let devices store files as well

What was asked for and how it ended is kept: see \`foresend history\`.
Without --port it takes port 69, or 6969 where 69 is taken or not permitted.
Signals: SIGINT or SIGTERM lets running transfers finish (10 s at most; a second one ends at once), SIGHUP reloads.
Exit codes: 0 stopped, 1 failed, 2 usage, 3 cannot bind.
`

export function serveCommand(context: Context, done: (exitCode: number) => void): Command {
  const command = new Command('serve')
    .summary('serve a folder, or one file for any name asked')
    .description(DESCRIPTION)
    .argument('[path]', 'folder or file to serve (.)')
    .usage('[DIR | FILE] [flags]')
    .helpOption('-h, --help', 'print this page')
    .addHelpText('after', EXAMPLES)
  command.option('--config <FILE>', 'settings from a file; flags win over it, and changes of it count at once')
  addSettingFlags(command)
  return command.action(async (path: string | undefined, flags: Readonly<Record<string, unknown>>) => {
    const values = { ...valuesOfFlags(flags), ...(path === undefined ? {} : { path }) }
    done(
      await serve(
        context,
        new SettingsSource(flags.config as string | undefined, values, { sockets: handedSockets() }),
      ),
    )
  })
}

/** Serves until it is asked to stop. `tag` names it in the system log. */
export async function serve(context: Context, source: SettingsSource, tag = 'foresend'): Promise<number> {
  const { config, port, own } = source.read()
  const hookTrouble = hookProblem(own)
  if (hookTrouble !== undefined) throw usageError(hookTrouble)
  const http = planHttp(own)
  const confinement = await confineAsAsked(context, source, { config, own })
  const user = own.user === undefined ? undefined : findUser(own.user)
  const level = levelFor(own)
  const printer = printerFor(context, own, level, tag)
  const listening = Promise.withResolvers<void>()
  const atEnd: (() => void | Promise<void>)[] = []
  const state = own.history === false ? undefined : (own.state ?? stateFolder())
  const history = state === undefined ? undefined : await openState(context, state, printer, listening.promise)
  /** What needs root, and the end of being root: after the sockets are bound, and before a request is looked at. */
  const giveUpRoot = (): void => {
    if (own.pidfile !== undefined) atEnd.push(writePidFile(own.pidfile))
    if (user !== undefined) becomeUser(user, state)
  }
  const starting = startAsAsked(context, config, port, printer, level, history, source.sockets, giveUpRoot)
  // Signals count from here on: one may come right after `listening`.
  const stopped = untilStopped(context, starting, printer, source, confinement?.inForce === true)
  try {
    const { server, notice } = await starting
    listening.resolve()
    // It has stopped already, unless one of the steps below fails.
    atEnd.push(() => server.stop(0))
    const reload = (): Promise<string> => reloadAsSet(starting, source, confinement?.inForce === true)
    const api = apiOf(server, source, own, http, state, reload)
    atEnd.push(() => api.close())
    const control = state === undefined ? undefined : await openControl(context, state, api, printer)
    if (control !== undefined) atEnd.push(() => control.close())
    printer.watch(() => server.transfers())
    if (notice !== undefined) {
      printer.event({ event: 'notice', time: context.now(), code: 'PORT_NOT_69', message: notice })
    }
    printer.say(...fetchLines(servedPath(config), server.bound, config.allow))
    if (http !== undefined) {
      const watched = await openWatch(context, api, http, state, own, printer)
      if (watched !== undefined) atEnd.push(() => watched.close())
    }
    if (confinement !== undefined) printer.say(confinement.line)
    const hooks = startHooks(server, { command: own.hook, socket: own['hook-socket'] }, (message) =>
      printer.event({ event: 'notice', time: context.now(), code: 'HOOK', message }),
    )
    if (hooks !== undefined) atEnd.push(hooks)
    const exitIdle = own['exit-idle']
    if (exitIdle !== undefined) atEnd.push(watchIdle(server, exitIdle, () => stopped.request()))
    if (server.servesInThreads) context.giveWay?.()
    tellService(['READY=1', `STATUS=${servingText(config)}`], printer)
    reportReady()
    const watchdog = startWatchdog(
      () => api.health.check(),
      (reason) => printer.event({ event: 'notice', time: context.now(), code: 'WATCHDOG', message: reason }),
    )
    if (watchdog !== undefined) atEnd.push(watchdog)
    await stopped.done
    tellService(['STOPPING=1'], printer)
  } finally {
    for (const step of atEnd) await step()
    await history?.close()
  }
  const { server } = await starting
  const summary = summaryLine(server.stats())
  if (summary !== '') printer.say(`stopped: ${summary}`)
  printer.close()
  return EXIT.done
}

/** Before anything else is started, as what exists keeps its rights. With a line for the log; undefined where it is not wanted. */
async function confineAsAsked(
  { confine }: Context,
  { file, sockets }: SettingsSource,
  { config, own }: Pick<ReadSettings, 'config' | 'own'>,
): Promise<{ readonly inForce: boolean; readonly line: string } | undefined> {
  const isRequired = own['require-confinement'] === true
  if (own.confinement === false && isRequired)
    throw usageError('--no-confinement and --require-confinement exclude each other')
  if (confine === undefined && isRequired) throw usageError('--require-confinement needs Linux')
  if (own.confinement === false || confine === undefined) return undefined
  if (own.hook !== undefined && !isRequired) {
    return {
      inForce: false,
      line: 'not confined: --hook starts a program, which would be confined too; --hook-socket does without',
    }
  }
  const plan = planOf(config, own, file)
  const confinement = await confine(plan, isRequired, sockets?.length ?? 0)
  return { inForce: confinement.inForce, line: confinementLine(plan, confinement) }
}

/**
 * What was kept, and will be. That something is wrong with it is no reason not to serve: it becomes a notice, and the first line of
 * a server that starts is that it listens.
 */
function openState(
  context: Context,
  state: string,
  printer: EventPrinter,
  listening: Promise<void>,
): Promise<OpenHistory> {
  const notice = (message: string): void =>
    printer.event({ event: 'notice', time: context.now(), code: 'HISTORY', message })
  return context.tools.openHistory({
    folder: state,
    version: version(),
    notice: (message) => void listening.then(() => notice(message)),
  })
}

/** Without the socket `foresend status` knows nothing of this server, which is no reason not to serve. */
async function openControl(
  context: Context,
  state: string,
  api: Api,
  printer: EventPrinter,
): Promise<ControlSocket | undefined> {
  try {
    return await context.tools.openControlSocket(state, api)
  } catch (error) {
    const message = `${messageOf(error)}; serving goes on, and \`foresend status\` does not see it`
    printer.event({ event: 'notice', time: context.now(), code: 'CONTROL', message })
    return undefined
  }
}

/** What can be asked of the server through its sockets. */
function apiOf(
  server: Server,
  source: SettingsSource,
  own: OwnSettings,
  http: HttpPlan | undefined,
  state: string | undefined,
  reload: () => Promise<unknown>,
): Api {
  return new Api({
    server: {
      bound: server.bound,
      transfers: () => server.transfers(),
      stats: () => server.stats(),
      workers: () => server.workers(),
      abort: (id) => server.abort(id),
      forget: (name) => server.forget(name),
      trace: (id) => server.trace(id),
      subscribe: (listener, level) => server.subscribe(listener, level),
      reload: async () => void (await reload()),
    },
    about: { version: version(), pid: process.pid },
    stateFolder: state,
    content: () => source.current.config.content,
    settings: () => source.current.values,
    settingKeys: SETTINGS.map(({ key }) => key),
    isWritable: own['http-writable'] === true,
    readsNeedToken: http?.readsNeedToken === true,
  })
}

/** The page, the API and the metrics on TCP. That their port is taken is no reason not to serve. */
async function openWatch(
  context: Context,
  api: Api,
  plan: HttpPlan,
  state: string | undefined,
  { 'log-format': format, 'log-file': file }: OwnSettings,
  printer: EventPrinter,
): Promise<HttpListener | undefined> {
  try {
    const { listener, made } = await openHttp(api, plan, state)
    // A log that others read gets no secret: the file in the state folder has it.
    const isShown = format !== 'syslog' && file === undefined
    printer.say(watchLine(listener.url, isShown ? made : undefined))
    return listener
  } catch (error) {
    const message = `${messageOf(error)}; serving goes on without it`
    printer.event({ event: 'notice', time: context.now(), code: 'HTTP', message })
    return undefined
  }
}

/** A program that reads JSON gets progress at `info`, as it cannot look at the server itself. A person has bars for it. */
function levelFor({ 'log-level': level = 'info', 'log-format': format }: OwnSettings): EventLevel {
  return format === 'json' && level === 'info' ? 'debug' : level
}

function printerFor(
  { stdout: standard, now }: Context,
  { 'log-format': format, 'log-file': file }: OwnSettings,
  level: EventLevel,
  tag: string,
): EventPrinter {
  const stdout = file === undefined ? standard : openLogFile(file)
  if (format === 'syslog') return atLevel(level, openSyslog(tag))
  return atLevel(level, format === 'json' ? jsonPrinter(stdout) : prettyPrinter(stdout, now))
}

function startAsAsked(
  context: Context,
  config: ServerConfig,
  port: number | undefined,
  printer: EventPrinter,
  level: EventLevel,
  history: OpenHistory | undefined,
  sockets: readonly number[] | undefined,
  giveUpRoot: () => void,
): Promise<Started> {
  const start = (input: ServerConfigInput): Promise<Server> =>
    context.tools.startServer(input, (event) => printer.event(event), level, history, giveUpRoot)
  if (sockets !== undefined) {
    return start({ ...config, sockets }).then((server) => ({ server, port: config.port, notice: undefined }))
  }
  if (port === undefined) return startOnUsualPort(start, config)
  return start({ ...config, port }).then((server) => ({ server, port, notice: undefined }))
}

/** For the line that shows how to fetch something. */
function servedPath({ content }: ServerConfig): string {
  return content.type === 'folders' ? (content.roots[0] as string) : content.path
}

interface Stopped {
  /** Resolves once the server has ended after a request to stop, or never started. */
  readonly done: Promise<void>
  /** Asks for it from within. */
  request(): void
}

function untilStopped(
  context: Context,
  starting: Promise<Started>,
  printer: EventPrinter,
  source: SettingsSource,
  isConfined: boolean,
): Stopped {
  const stopped = Promise.withResolvers<void>()
  const notice = (code: string, message: string): void =>
    printer.event({ event: 'notice', time: context.now(), code, message })
  const stop = (server: Server, count: number): void => {
    const running = server.transfers().length
    if (running > 0 && count === 1) {
      printer.say(`stopping: ${countText(running, 'transfer')} may finish (10 s at most); once more to end at once`)
    }
    void server.stop(count === 1 ? STOP_GRACE_MS : 0).then(stopped.resolve, stopped.reject)
  }
  const request = (count: number): void =>
    void starting.then(
      ({ server }) => stop(server, count),
      () => {},
    )
  const reload = (): void => void reloaded(starting, source, isConfined, notice)
  const unwatch = context.watch(request, reload)
  const unwatchFile = source.watch(reload, (reason) =>
    notice('CONFIG_NOT_WATCHED', `changes of ${source.file} are not seen (${reason}): SIGHUP reads it again`),
  )
  // A start that failed is reported where it is waited for; here it only means that nothing needs stopping.
  starting.catch(() => stopped.resolve())
  const done = stopped.promise.finally(() => {
    unwatch()
    unwatchFile()
  })
  return { done, request: () => request(1) }
}

/** Resolves with what was done. Rejects when nothing has changed. */
async function reloadAsSet(starting: Promise<Started>, source: SettingsSource, isConfined: boolean): Promise<string> {
  const { file, sockets } = source
  const { server, port } = await starting
  const { config } = source.read()
  if (isConfined) requireAllowed(config)
  await server.reload(file === undefined ? undefined : { ...config, port, sockets })
  source.follow()
  const read = file === undefined ? '' : `read ${file}, `
  return `${read}opened the folder and looked for addresses again`
}

async function reloaded(
  starting: Promise<Started>,
  source: SettingsSource,
  isConfined: boolean,
  notice: (code: string, message: string) => void,
): Promise<void> {
  try {
    notice('RELOADED', await reloadAsSet(starting, source, isConfined))
  } catch (error) {
    notice('RELOAD_FAILED', unchanged(error))
  }
}

/** For `systemctl status`. */
function servingText(config: ServerConfig): string {
  return `serving ${servedPath(config)}`
}

function tellService(states: readonly string[], printer: EventPrinter): void {
  notifyService(states, (message) => printer.event({ event: 'notice', time: Date.now(), code: 'NOTIFY', message }))
}

/** Whatever of a reload failed, nothing has changed. */
function unchanged(error: unknown): string {
  const message = messageOf(error)
  const remark = 'the server goes on with its previous settings'
  return message.endsWith(remark) ? message : `${message}; ${remark}`
}

/** A folder that took the place of another one is a new folder too. */
function requireAllowed(config: ServerConfig): void {
  const folder = barredFolder(config)
  if (folder === undefined) return
  throw usageError(
    `${folder} is not the folder that was there at the start, and the program is confined to that one: start it anew, or with --no-confinement`,
  )
}
