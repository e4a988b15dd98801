/** Where the settings of a running `serve` come from: a file, read again whenever that is asked for, with the flags on top. */
import { resolve } from 'node:path'
import { parseConfig } from '../../server/config.ts'
import type { ServerConfig } from '../../server/contract.ts'
import { ForesendError } from '../../error.ts'
import { usageError } from '../exit.ts'
import { readConfigFile } from './read-file.ts'
import { changedOwn, merged, type OwnSettings, serveSettings } from './serve-settings.ts'
import type { Values } from './setting-flags.ts'

export interface ReadSettings {
  readonly config: ServerConfig
  /** Undefined where none was chosen: then it is 69, or what can be had instead. */
  readonly port: number | undefined
  readonly own: OwnSettings
}

export class SettingsSource {
  /** An absolute path; undefined without a file. */
  readonly file: string | undefined
  readonly #flags: Values
  #own: OwnSettings | undefined

  constructor(file: string | undefined, flags: Values) {
    this.file = file === undefined ? undefined : resolve(file)
    this.#flags = flags
  }

  /**
   * Reads the file and checks all of it. Throws ERR_TFTP_USAGE with the line of a mistake, and from the second time on when a setting
   * differs that only a start can change.
   */
  read(): ReadSettings {
    const values = merged(this.file === undefined ? {} : readConfigFile(this.file), this.#flags)
    const { server, own } = serveSettings(values)
    const config = parsed({ path: '.', ...server }, this.file)
    const changed = this.#own === undefined ? undefined : changedOwn(this.#own, own)
    if (changed !== undefined) {
      throw usageError(`${changed} cannot change while the server runs: start it anew for that, or leave it as it was`)
    }
    this.#own = own
    return { config, port: server.port, own }
  }
}

function parsed(input: Parameters<typeof parseConfig>[0], file: string | undefined): ServerConfig {
  try {
    return parseConfig(input)
  } catch (error) {
    if (file === undefined || !(error instanceof ForesendError)) throw error
    throw usageError(`${error.message} (of the flags and ${file} together)`)
  }
}
