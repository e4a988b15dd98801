/**
 * What is known of a kind of device, as plain data: how it asks, what it does with the blocks that it gets, which addresses and
 * names its recovery uses, and what helps. Every fact names its sources. docs/profiles.md describes the file that becomes this,
 * src/content/profile-schema.ts reads and checks it.
 */
import type { Behaviour } from './behaviour.ts'
import type { OptionForm } from './option-form.ts'
import type { PortForm } from './ports.ts'

export const PROFILE_KINDS = ['bootloader', 'network-boot', 'program', 'recovery', 'equipment'] as const
export type ProfileKind = (typeof PROFILE_KINDS)[number]

/** Keys of `Profile.sources`. */
export interface Sourced {
  readonly source: readonly string[]
}

export interface Profile {
  /** As in `profile show NAME`, and of its file without `.toml`. */
  readonly name: string
  /** One line: what it is. */
  readonly title: string
  readonly kind: ProfileKind
  /** Who makes such devices, spelt as in the table of vendors. Empty where the kind belongs to no vendor. */
  readonly vendors: readonly string[]
  /** `asks`: it is a client of ours. `waits`: it is a server, and an image is pushed to it. */
  readonly direction: 'asks' | 'waits'
  /** Devices of the lab that are of this kind. */
  readonly lab: readonly string[]
  /** A URL, or a public project with a path and a version, by a short key. */
  readonly sources: Readonly<Record<string, string>>
  /** Requests that it is known to send. Any of them identifies it. */
  readonly requests: readonly RequestForm[]
  readonly ports: (PortForm & Sourced) | undefined
  readonly files: readonly FileForm[]
  /** It never asks for another name than those in `files`. */
  readonly filesOnly: boolean
  readonly recovery: readonly Recovery[]
  readonly behaviour: (Behaviour & Sourced) | undefined
  readonly helps: readonly Advice[]
  readonly harms: readonly Advice[]
  readonly notes: readonly Note[]
}

export interface RequestForm extends Sourced {
  readonly direction: 'read' | 'write'
  /** As spelt on the wire. */
  readonly mode: string
  /** In the order of the packet. */
  readonly options: readonly OptionForm[]
  /** The name begins with a slash: always, never; undefined where it may do either. */
  readonly slash: boolean | undefined
}

/** A name that it asks for, as a pattern (name-pattern.ts). */
export interface FileForm extends Sourced {
  readonly name: string
  readonly about: string
  /** Other devices ask for it as well, so it tells little. */
  readonly common: boolean
}

/** The addresses of a recovery, and how a person starts it. */
export interface Recovery extends Sourced {
  /** Of the machine that serves or pushes. */
  readonly host: string | undefined
  readonly device: string | undefined
  readonly how: string
}

/** A setting of Foresend, or something that a person can do, that helps or harms. */
export interface Advice extends Sourced {
  readonly setting: string
  readonly why: string
}

export interface Note extends Sourced {
  readonly text: string
}
