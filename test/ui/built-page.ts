/** The page as `npm run build:ui` makes it, built from the sources as they are now. */
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ROOT = fileURLToPath(new URL('../../ui', import.meta.url))

/** Builds it into `folder`, which is emptied. */
export async function buildPage(folder: string): Promise<string> {
  const configFile = `${ROOT}/vite.config.ts`
  await build({ root: ROOT, configFile, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } })
  return folder
}
