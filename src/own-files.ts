/**
 * Where the program's own files lie. In a checkout its sources run as they are; the package has bundles in dist/, where a module may be
 * part of any file, so that no path may be relative to the module that asks for it.
 */
import { existsSync } from 'node:fs'

/** The sources of a checkout run, not the package's bundles. */
export const FROM_SOURCES = import.meta.url.endsWith('.ts')

/** The folder of package.json, as a URL that ends with a slash. */
export const PACKAGE_ROOT: URL = findRoot()

function findRoot(): URL {
  let folder = new URL('./', import.meta.url)
  while (!existsSync(new URL('package.json', folder))) {
    const above = new URL('../', folder)
    if (above.href === folder.href)
      throw new Error(`no package.json in a folder above ${import.meta.url}: install foresend anew`)
    folder = above
  }
  return folder
}
