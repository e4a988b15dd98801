/** Builds the page: `npm run build:ui`. A server that hands it out meanwhile has the one before, or the new one. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ROOT = import.meta.dirname

/** Builds it into `folder`, which is emptied. */
export async function buildPage(folder: string): Promise<string> {
  const configFile = join(ROOT, 'vite.config.ts')
  const { NODE_ENV: before } = process.env
  // A test runner sets another, and then JSX would be compiled for development: larger and slower.
  process.env.NODE_ENV = 'production'
  try {
    await build({ root: ROOT, configFile, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } })
  } finally {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  }
  return folder
}

/** Builds it beside `ui/dist`, and puts it into that place. */
export async function buildInPlace(): Promise<void> {
  const work = mkdtempSync(join(ROOT, '.build-'))
  try {
    await buildPage(join(work, 'new'))
    try {
      renameSync(join(ROOT, 'dist'), join(work, 'old'))
    } catch {
      // The first build.
    }
    renameSync(join(work, 'new'), join(ROOT, 'dist'))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildInPlace()
