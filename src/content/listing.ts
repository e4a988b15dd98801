/** The text that a request for the listing gets (`--listing NAME`, Tftpd64's dir.txt): the files of a folder, one a line. */
import { type Dirent, lstatSync, opendirSync } from 'node:fs'
import { escapeText } from '../packet/index.ts'
import type { HeldFolder } from './held-folder.ts'
import { isPartName } from './part-names.ts'

/** A listing is text for a person. */
const ENTRIES_MAX = 2000

/** Names size and time (UTC) of regular files, and folders with a slash; throws system errors. */
export function listingOf(held: HeldFolder): string {
  const names: Dirent[] = []
  const folder = opendirSync(held.pathTo('.'))
  let isCut = false
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      if (isPartName(entry.name) || !(entry.isFile() || entry.isDirectory())) continue
      isCut = names.length >= ENTRIES_MAX
      if (isCut) break
      names.push(entry)
    }
  } finally {
    folder.closeSync()
  }
  names.sort((a, b) => (a.name < b.name ? -1 : 1))
  const lines = names.map((entry) => lineOf(held.pathTo(entry.name), entry)).filter((line) => line !== undefined)
  return [...lines, ...(isCut ? [`… and more than ${ENTRIES_MAX}`] : [])].map((line) => `${line}\n`).join('')
}

/** Undefined when it is gone meanwhile. */
function lineOf(path: string, entry: Dirent): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  const time = stat.mtime.toISOString().slice(0, 16).replace('T', ' ')
  const size = entry.isDirectory() ? '-' : String(stat.size)
  return `${size.padStart(12)}  ${time}  ${escapeText(entry.name)}${entry.isDirectory() ? '/' : ''}`
}
