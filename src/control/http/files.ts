/** The files that are served: their names, and digests of them. Looked up below the same roots as requests, by the same rules of paths. */
import { closeSync, type Dirent, statSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ContentSpec } from '../../content/index.ts'
import { fromSystem } from '../../content/errors.ts'
import { locate, type Located, openLocated, requireRegular } from '../../content/inside-root.ts'
import { pathSegments } from '../../content/names.ts'
import { isPartName } from '../../content/part-names.ts'
import { nothingThere, Problem } from './problem.ts'
import type { Digests } from './work.ts'
import type { WorkThread } from './work-thread.ts'

/** Names that are listed; a walk through a large archive must end. */
const MAX_NAMES = 20_000
const MAX_DEPTH = 16
/** A list of names counts this long. */
const KEEP_MS = 3000
/** Digests of files that did not change. */
const MAX_DIGESTS = 1024
const FAILING = 'cannot read it'

export interface FileView {
  readonly name: string
  readonly sizeBytes: number
  /** Milliseconds since the epoch. */
  readonly modified: number
}

export class Files {
  readonly #content: () => ContentSpec
  readonly #work: WorkThread
  #names: { readonly at: number; readonly key: string; readonly list: Promise<readonly string[]> } | undefined
  /** By path, device, inode, size and times. */
  readonly #digests = new Map<string, Promise<Digests>>()

  constructor(content: () => ContentSpec, work: WorkThread) {
    this.#content = content
    this.#work = work
  }

  /** In the order of their names. */
  async page(
    search: string | undefined,
    after: string | undefined,
    limit: number,
  ): Promise<{ files: FileView[]; next: string | null }> {
    const wanted = search?.toLowerCase()
    const files: FileView[] = []
    for (const name of await this.#list()) {
      if (after !== undefined && name <= after) continue
      if (wanted !== undefined && !name.toLowerCase().includes(wanted)) continue
      const found = this.#shown(name)
      if (found === undefined) continue
      if (files.length === limit) return { files, next: files[limit - 1].name }
      files.push({ name, sizeBytes: Number(found.stat.size), modified: Number(found.stat.mtimeMs) })
    }
    return { files, next: null }
  }

  async digests(name: string): Promise<Digests & { readonly name: string; readonly sizeBytes: number }> {
    const found = this.#find(name)
    if (found === undefined) throw nothingThere('no such file is served')
    requireRegular(found.stat, FAILING)
    const { dev, ino, size, mtimeNs, ctimeNs } = found.stat
    const key = [found.path, dev, ino, size, mtimeNs, ctimeNs].join(' ')
    let digests = this.#digests.get(key)
    if (digests === undefined) {
      digests = this.#workOut(found)
      this.#keep(key, digests)
    }
    return { name, sizeBytes: Number(size), ...(await digests) }
  }

  /** Undefined for what no request gets: no regular file, or a link out of the root. */
  #shown(name: string): Located | undefined {
    try {
      const found = this.#find(name)
      return found?.stat.isFile() === true ? found : undefined
    } catch {
      return undefined
    }
  }

  /** What a name leads to; undefined where nothing is. Throws a Problem, or a ForesendError. */
  #find(name: string): Located | undefined {
    try {
      return this.#locate(name)
    } catch (cause) {
      throw cause instanceof Problem ? cause : fromSystem(cause, FAILING)
    }
  }

  #locate(name: string): Located | undefined {
    const content = this.#content()
    const single = singleOf(content)
    if (single !== undefined) return name === basename(single) ? locate(join(single, '..'), [name], FAILING) : undefined
    const parsed = pathSegments(name)
    if (!parsed.ok) throw new Problem(400, 'ERR_TFTP_ACCESS', parsed.reason)
    for (const root of rootsOf(content)) {
      const found = locate(root, parsed.value, FAILING)
      if (found !== undefined) return found
    }
    return undefined
  }

  async #workOut(found: Located): Promise<Digests> {
    const fd = openLocated(found, FAILING, {})
    try {
      return await this.#work.digest(fd)
    } finally {
      closeSync(fd)
    }
  }

  #keep(key: string, digests: Promise<Digests>): void {
    this.#digests.set(key, digests)
    digests.catch(() => this.#digests.delete(key))
    if (this.#digests.size <= MAX_DIGESTS) return
    for (const oldest of this.#digests.keys()) {
      this.#digests.delete(oldest)
      return
    }
  }

  #list(): Promise<readonly string[]> {
    const content = this.#content()
    const single = singleOf(content)
    const key = JSON.stringify(single ?? rootsOf(content))
    const now = performance.now()
    if (this.#names === undefined || this.#names.key !== key || now - this.#names.at > KEEP_MS) {
      const list = single === undefined ? namesBelow(rootsOf(content)) : Promise.resolve([basename(single)])
      this.#names = { at: now, key, list }
    }
    return this.#names.list
  }

  /** The next list has what was stored just now. */
  changed(): void {
    this.#names = undefined
  }
}

/** The file that is served for every name; undefined where it is a folder. */
export function singleOf(content: ContentSpec): string | undefined {
  if (content.type === 'file') return content.path
  if (content.type === 'folders') return undefined
  return statSync(content.path, { throwIfNoEntry: false })?.isDirectory() === false ? content.path : undefined
}

export function rootsOf(content: ContentSpec): readonly string[] {
  return content.type === 'folders' ? content.roots : [content.path]
}

async function namesBelow(roots: readonly string[]): Promise<readonly string[]> {
  const names = new Set<string>()
  for (const root of roots) await collect(root, '', 0, names)
  return [...names].sort()
}

async function collect(root: string, prefix: string, depth: number, names: Set<string>): Promise<void> {
  const folders: string[] = []
  for (const entry of await entriesOf(join(root, prefix))) {
    if (names.size >= MAX_NAMES) return
    if (isPartName(entry.name)) continue
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    // Where a link leads is looked at when it is shown.
    if (entry.isFile() || entry.isSymbolicLink()) names.add(name)
    else if (entry.isDirectory() && depth < MAX_DEPTH) folders.push(name)
  }
  for (const folder of folders) await collect(root, folder, depth + 1, names)
}

async function entriesOf(path: string): Promise<Dirent[]> {
  const entries: Dirent[] = []
  try {
    for await (const entry of await opendir(path)) {
      entries.push(entry)
      if (entries.length >= MAX_NAMES) break
    }
  } catch {
    // No permission, or gone meanwhile.
  }
  return entries
}
