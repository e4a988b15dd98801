/** Stands for src/thread-file.ts in tests: threads come from the package's bundles, as commands do (package-folder.ts). */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ThreadModule } from '../../src/thread-file.ts'
import { PACKAGE } from './launcher.ts'

export function threadFile(module: ThreadModule): URL {
  return pathToFileURL(join(PACKAGE, 'dist', `${module}.js`))
}
