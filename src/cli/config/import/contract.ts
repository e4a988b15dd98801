/** What a reader makes of another server's file. */
import type { Value } from '../kind.ts'

/** Something that could not be carried over. */
export interface Remark {
  /** Where it stands; undefined where all of the file is meant. */
  readonly file: string
  readonly line: number | undefined
  /** The line, or the setting in it. */
  readonly what: string
  readonly why: string
}

export interface Imported {
  /** By the keys of settings.ts. */
  readonly values: Readonly<Record<string, Value>>
  readonly remarks: readonly Remark[]
}

/** A file with its text decoded. */
export interface Source {
  readonly file: string
  readonly text: string
}
