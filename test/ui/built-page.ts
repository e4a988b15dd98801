/** The page as its sources are now: the one in ui/dist where that is newer than all of them, else built there. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buildInPlace } from '../../ui/build.ts'

const UI = join(import.meta.dirname, '../../ui')
const SHARED = ['../src/cli/render', '../src/packet', '../package-lock.json'].map((path) => join(UI, path))

/** Its folder, where `serve` looks for it too. */
export async function builtPage(): Promise<string> {
  const dist = join(UI, 'dist')
  const sources = readdirSync(UI, { withFileTypes: true }).filter(
    ({ name }) => name !== 'dist' && !name.startsWith('.'),
  )
  const newest = Math.max(...[...sources.map(({ name }) => join(UI, name)), ...SHARED].map(newestMs))
  if (builtMs(dist) < newest) await buildInPlace()
  return dist
}

/** When the newest file there was written. */
function newestMs(path: string): number {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))))
}

function builtMs(dist: string): number {
  try {
    return statSync(join(dist, 'index.html')).mtimeMs
  } catch {
    return 0
  }
}
