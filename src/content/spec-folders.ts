/** Which folders and files a content touches, so that a program can give up all others. */
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { ContentSpec } from './spec.ts'

export interface SpecFolders {
  /** Folders whose files are served, absolute. Of a single file its folder: a build puts a new file in the place of the old one. */
  readonly served: readonly string[]
  /** Folders that uploads go to; empty where none are taken. */
  readonly stored: readonly string[]
  /** Folders of files of rules, which are read again with each reload. */
  readonly rules: readonly string[]
}

export function foldersOf(spec: ContentSpec, writable: boolean): SpecFolders {
  if (spec.type === 'file') return { served: [dirname(resolve(spec.path))], stored: [], rules: [] }
  const roots = spec.type === 'folders' ? spec.roots.map((root) => resolve(root)) : [folderOf(spec.path)]
  const { uploads, names, clients } = spec
  const takesUploads = writable || (uploads?.policy !== undefined && uploads.policy !== 'none')
  const files = [names?.map?.file, names?.pcre?.file].filter((file) => file !== undefined)
  const own = (clients?.clientRoots ?? []).map(({ root }) => resolve(root))
  // Without a folder of uploads those of a client go to the first of its folders.
  const stores = uploads?.root === undefined ? [roots[0] as string, ...own] : [resolve(uploads.root)]
  return {
    served: [...roots, ...own],
    stored: takesUploads ? stores : [],
    rules: files.map((file) => dirname(resolve(file))),
  }
}

function folderOf(path: string): string {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  return isFolder ? resolve(path) : dirname(resolve(path))
}
