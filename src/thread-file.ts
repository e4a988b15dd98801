/** The files that threads begin with. */
import { FROM_SOURCES, PACKAGE_ROOT } from './own-files.ts'

/** Modules that begin a thread: paths below src/ without their extension. Each is a file of its own in dist/ as well. */
export const THREADS = [
  'server/worker',
  'server/diagnosis-worker',
  'history/worker',
  'io/recorder-worker',
  'control/http/work-entry',
] as const

export type ThreadModule = (typeof THREADS)[number]

/** The file for `new Worker` that begins with `module`. */
export function threadFile(module: ThreadModule): URL {
  return new URL(FROM_SOURCES ? `src/${module}.ts` : `dist/${module}.js`, PACKAGE_ROOT)
}
