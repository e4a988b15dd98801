/** What is served, as plain data, and how it is opened. Every configuration becomes one of these. */
import { stat } from 'node:fs/promises'
import { ForesendError } from '../error.ts'
import type { Mapper, Store } from './contract.ts'
import { quoted } from './errors.ts'
import { openFolder } from './folder.ts'
import { openSingleFile } from './single-file.ts'

export type ContentSpec =
  /** A folder, or one file that is served for any name: what `path` is decides when it is opened. */
  | { readonly type: 'path'; readonly path: string }
  /** The files below these folders; the first folder that has the name decides, uploads go to the first. */
  | { readonly type: 'folders'; readonly roots: readonly string[] }
  /** One file, whatever name is asked for. */
  | { readonly type: 'file'; readonly path: string }

/** How the content may be used, beside what it is. */
export interface ContentUse {
  readonly writable: boolean
  readonly overwrite: boolean
  /** Puts files into memory for the kernel to send from. */
  readonly mapper?: Mapper | undefined
}

/** Rejects with ERR_TFTP_NOT_FOUND or ERR_TFTP_ACCESS where the content cannot be opened. */
export async function openContent(spec: ContentSpec, use: ContentUse): Promise<Store> {
  const described = spec.type === 'path' ? await describe(spec.path) : spec
  return described.type === 'file'
    ? openSingleFile(described.path, use.mapper)
    : openFolder({ roots: described.roots, ...use })
}

async function describe(path: string): Promise<Exclude<ContentSpec, { type: 'path' }>> {
  try {
    return (await stat(path)).isDirectory() ? { type: 'folders', roots: [path] } : { type: 'file', path }
  } catch (cause) {
    const message = `there is no folder or file ${quoted(path)} to serve; check the path (relative to ${process.cwd()})`
    throw new ForesendError('ERR_TFTP_NOT_FOUND', message, { fault: 'local', cause })
  }
}
