/** Where the settings of a running `serve` come from: a file, read again whenever that is asked for, with the flags on top. */
import { resolve } from 'node:path'
import { parseConfig } from '../../server/config.ts'
import type { ServerConfig } from '../../server/contract.ts'
import type { ContentSpec } from '../../content/index.ts'
import { ForesendError } from '../../error.ts'
import { usageError } from '../exit.ts'
import { readConfigFile } from './read-file.ts'
import { changedOwn, merged, type OwnSettings, serveSettings } from './serve-settings.ts'
import type { Values } from './setting-flags.ts'
import { watchFile } from './watch-file.ts'

export interface ReadSettings {
  readonly config: ServerConfig
  /** Undefined where none was chosen: then it is 69, or what can be had instead. */
  readonly port: number | undefined
  readonly own: OwnSettings
}

/** What no setting says. */
export interface Given {
  /** Sockets that were handed to this process. */
  readonly sockets?: readonly number[] | undefined
  readonly content?: ContentSpec | undefined
}

/** What new transfers go by. */
export interface CurrentSettings {
  readonly config: ServerConfig
  /** The settings that were made, by key. */
  readonly values: Values
}

export class SettingsSource {
  /** An absolute path; undefined without a file. */
  readonly file: string | undefined
  /** Sockets that were handed to this process; undefined without any. */
  readonly sockets: readonly number[] | undefined
  readonly #flags: Values
  readonly #content: ContentSpec | undefined
  #current: CurrentSettings | undefined
  #read: CurrentSettings | undefined
  #own: OwnSettings | undefined

  /** `content` takes the place of the path. */
  constructor(file: string | undefined, flags: Values, { sockets = [], content }: Given = {}) {
    this.sockets = sockets.length === 0 ? undefined : sockets
    this.#content = content
    this.file = file === undefined ? undefined : resolve(file)
    this.#flags = flags
  }

  /** After the first `read`. */
  get current(): CurrentSettings {
    if (this.#current === undefined) this.read()
    return this.#current as CurrentSettings
  }

  /** The server goes by what was read last. */
  follow(): void {
    this.#current = this.#read
  }

  /** Calls `changed` when the file does, until the function returned is called. */
  watch(changed: () => void, lost: (reason: string) => void): () => void {
    return this.file === undefined ? () => {} : watchFile(this.file, changed, lost)
  }

  /**
   * Reads the file and checks all of it. Throws ERR_TFTP_USAGE with the line of a mistake, and from the second time on when a setting
   * differs that only a start can change.
   */
  read(): ReadSettings {
    const values = merged(this.file === undefined ? {} : readConfigFile(this.file), this.#flags)
    const { server, own } = serveSettings(values)
    const content = this.#content === undefined ? {} : { content: this.#content }
    const config = parsed({ path: '.', ...server, ...content }, this.file)
    const changed = this.#own === undefined ? undefined : changedOwn(this.#own, own)
    if (changed !== undefined) {
      throw usageError(`${changed} cannot change while the server runs: start it anew for that, or leave it as it was`)
    }
    this.#own = own
    this.#read = { config, values }
    this.#current ??= this.#read
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
