/** What the API speaks for: a server that runs, and what the program around it knows. */
import type { ContentSpec } from '../content/index.ts'
import type { Server } from '../server/contract.ts'

export interface ApiServer
  extends Pick<Server, 'bound' | 'transfers' | 'stats' | 'workers' | 'abort' | 'forget' | 'trace' | 'subscribe'> {
  /** As SIGHUP does. */
  reload(): Promise<void>
}

/** Of the program that serves. */
export interface About {
  readonly version: string
  readonly pid: number
}

export interface ApiSource {
  readonly server: ApiServer
  readonly about: About
  /** The folder of its history; undefined when nothing is kept. */
  readonly stateFolder: string | undefined
  /** What new transfers are served from. */
  content(): ContentSpec
  /** The settings that were made, by key, without secrets. */
  settings(): Readonly<Record<string, unknown>>
  /** Keys of all settings. */
  readonly settingKeys: readonly string[]
  /** Whether files may be stored through it. */
  readonly isWritable: boolean
  /** Reading over TCP needs the token. */
  readonly readsNeedToken: boolean
}
