/** Which files a server needs, by what it was asked to do: everything else it gives up. */
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { foldersOf } from '../../content/index.ts'
import type { Allowed } from '../../io/native/landlock.ts'
import { stateFolder } from '../../history/state-folder.ts'
import { PACKAGE_ROOT } from '../../own-files.ts'
import type { ServerConfig } from '../../server/contract.ts'
import type { OwnSettings } from '../config/serve-settings.ts'

/** What a program and its name resolver read, where it exists. `/etc/passwd` is not among it. */
const SYSTEM_FILES = [
  '/etc/ld.so.cache',
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/host.conf',
  '/etc/nsswitch.conf',
  '/etc/gai.conf',
  '/etc/services',
  '/etc/protocols',
  '/etc/localtime',
  '/etc/timezone',
  '/etc/ssl',
  '/proc',
  '/sys',
  '/dev/random',
  '/dev/urandom',
  '/dev/zero',
]
const PROGRAM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64']

/** Programs that it starts by their names. */
const SERVICE_PROGRAMS = ['logger', 'systemd-notify', 'id', 'getent', 'sh']

/** The folders of `plan` that were chosen by the user, for people. */
export interface Plan extends Allowed {
  readonly served: readonly string[]
  readonly stored: readonly string[]
  /** Folders that are made first. */
  readonly made: readonly string[]
}

export function planOf(config: ServerConfig, own: OwnSettings, configFile: string | undefined): Plan {
  const folders = foldersOf(config.content, config.writable || own['http-writable'] === true)
  const state = own.history === false ? [] : [resolve(own.state ?? stateFolder())]
  const made = [...state, ...pathOf(config.record)]
  const stored = [...folders.stored, ...made]
  const cache = pathOf(process.env.NODE_COMPILE_CACHE)
  // The file of settings may be replaced by another one of the same name, which the folder must show.
  const settings = configFile === undefined ? [] : [dirname(configFile)]
  const http = [own['http-token-file'], own['http-cert'], own['http-key']].flatMap(pathOf)
  const users = own.user === undefined ? [] : ['/etc/passwd', '/etc/group']
  // Files that are made, removed or made anew while it runs.
  const changing = [...pathOf(own.pidfile), ...pathOf(own['log-file'])].map((path) => dirname(path))
  return {
    served: folders.served,
    stored,
    made,
    read: [...SYSTEM_FILES, ...folders.served, ...folders.rules, ...settings, ...http, ...users],
    write: [...stored, ...changing, ...cache, '/dev/null'],
    execute: [...PROGRAM_FOLDERS, ...programFolders(), ...pathOf(own.hook), ...SERVICE_PROGRAMS.flatMap(onPath)],
  }
}

/** Whether something at `path` may be read. */
export function isAllowed(plan: Allowed, path: string): boolean {
  const real = existsSync(path) ? realpathSync(path) : resolve(path)
  return [...plan.read, ...plan.write, ...plan.execute].some((allowed) => {
    const folder = existsSync(allowed) ? realpathSync(allowed) : allowed
    return real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep)
  })
}

/**
 * A folder of `config` that a confined program cannot read: one that was not there at its start, under that name or at all. Undefined when
 * there is none.
 */
export function barredFolder(config: ServerConfig): string | undefined {
  return foldersOf(config.content, config.writable).served.find((root) => {
    try {
      readdirSync(root)
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EACCES'
    }
  })
}

/** This program, the packages that it may find from there, and Node. */
function programFolders(): string[] {
  const root = realpathSync(fileURLToPath(PACKAGE_ROOT))
  return [root, ...packageFolders(root), dirname(realpathSync(process.execPath))]
}

/** Every `node_modules` in which Node looks for what a file in `folder` imports. */
function packageFolders(folder: string): string[] {
  const found = basename(folder) === 'node_modules' ? folder : join(folder, 'node_modules')
  const above = dirname(folder)
  return [...(existsSync(found) ? [realpathSync(found)] : []), ...(above === folder ? [] : packageFolders(above))]
}

function onPath(name: string): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
  return found === undefined ? [] : [found]
}

function pathOf(path: string | undefined): string[] {
  return path === undefined || path === '' ? [] : [resolve(path)]
}
