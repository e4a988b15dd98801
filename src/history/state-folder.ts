/** Where a program keeps what lasts when no folder is named. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** What the choice depends on. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  /** Undefined where there are no user ids. */
  readonly uid: number | undefined
  readonly home: string
}

/** The folder of the service, which root has and systemd makes. */
export const SERVICE_FOLDER = '/var/lib/foresend'

/**
 * systemd's `$STATE_DIRECTORY` (systemd.exec(5)), the service's folder for root, else the user's: the XDG Base Directory Specification's
 * `$XDG_STATE_HOME`, or `%LOCALAPPDATA%` on Windows.
 */
export function stateFolder(around: Surroundings = surroundings()): string {
  const { env, platform, uid, home } = around
  // Several folders of a unit have colons between them.
  const given = env.STATE_DIRECTORY?.split(':')[0] ?? ''
  if (given !== '') return given
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'foresend')
  if (uid === 0) return SERVICE_FOLDER
  // The specification wants a relative path ignored.
  const xdg = env.XDG_STATE_HOME?.startsWith('/') === true ? env.XDG_STATE_HOME : join(home, '.local', 'state')
  return join(xdg, 'foresend')
}

function surroundings(): Surroundings {
  return { env: process.env, platform: process.platform, uid: process.getuid?.(), home: homedir() }
}
