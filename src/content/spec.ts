/** What is served, as plain data, and how it is opened. Every configuration becomes one of these. */
import { stat } from 'node:fs/promises'
import { ForesendError } from '../error.ts'
import type { ClientRootRules, MacOf } from './client-roots.ts'
import type { Mapper, Store } from './contract.ts'
import { quoted } from './errors.ts'
import { openFolder } from './folder.ts'
import { type NameRules, withRuleTexts } from './name-rules.ts'
import { openSingleFile } from './single-file.ts'
import type { UploadRules } from './upload-rules.ts'

export type ContentSpec =
  /** A folder, or one file that is served for any name: what `path` is decides when it is opened. */
  | ({ readonly type: 'path'; readonly path: string } & FolderRules)
  /** The files below these folders; the first folder that has the name decides, uploads go to the first. */
  | ({ readonly type: 'folders'; readonly roots: readonly string[] } & FolderRules)
  /** One file, whatever name is asked for. */
  | { readonly type: 'file'; readonly path: string }

/** Rules about a folder's files. What is left out does nothing. */
export interface FolderRules {
  readonly names?: NameRules | undefined
  readonly clients?: ClientRootRules | undefined
  readonly uploads?: UploadRules | undefined
  /** See `FolderOptions`. */
  readonly listing?: string | undefined
  readonly publicOnly?: boolean | undefined
}

/** How the content may be used, beside what it is. */
export interface ContentUse {
  readonly writable: boolean
  readonly overwrite: boolean
  /** Puts files into memory for the kernel to send from. */
  readonly mapper?: Mapper | undefined
  /** For rules by hardware address. */
  readonly macOf?: MacOf | undefined
}

/** `spec` with the text of its files of rules. Throws ERR_TFTP_USAGE where one cannot be read. */
export function withTexts(spec: ContentSpec): ContentSpec {
  return spec.type === 'file' || spec.names === undefined ? spec : { ...spec, names: withRuleTexts(spec.names) }
}

/** Rejects with ERR_TFTP_NOT_FOUND or ERR_TFTP_ACCESS where the content cannot be opened, ERR_TFTP_USAGE when a rule has a mistake. */
export async function openContent(
  spec: ContentSpec,
  { writable, overwrite, mapper, macOf }: ContentUse,
): Promise<Store> {
  if (spec.type === 'file') return openSingleFile(spec.path, mapper)
  const { names, clients, uploads, listing, publicOnly } = spec
  const rules = { names, clients, uploads, listing, publicOnly }
  if (spec.type === 'path' && !(await isFolder(spec.path))) {
    requireNoRules(spec.path, rules)
    return openSingleFile(spec.path, mapper)
  }
  const roots = spec.type === 'path' ? [spec.path] : spec.roots
  return openFolder({ roots, writable, overwrite, mapper, macOf, ...rules })
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    const message = `there is no folder or file ${quoted(path)} to serve; check the path (relative to ${process.cwd()})`
    throw new ForesendError('ERR_TFTP_NOT_FOUND', message, { fault: 'local', cause })
  }
}

/** A rule that would have no effect is a mistake: the person expects it to have one. */
function requireNoRules(path: string, rules: FolderRules): void {
  const rule = Object.entries(rules).find(([, value]) => value !== undefined)
  if (rule === undefined) return
  const message = `${quoted(path)} is one file, which is served for every name: leave the rules for ${rule[0]} out, or serve its folder`
  throw new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
