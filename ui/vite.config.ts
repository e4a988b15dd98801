/** Builds the page into ui/dist: hashed files that the server hands out as they are, each with its brotli form beside it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const FIRST = join(import.meta.dirname, 'src/first.ts')
const MAIN = join(import.meta.dirname, 'src/main.tsx')

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows no `data:` beside pictures.
    assetsInlineLimit: 0,
    modulePreload: false,
    // One stylesheet for all views, and what the first view needs in as few scripts as it has round trips.
    cssCodeSplit: false,
    rolldownOptions: {
      input: [join(import.meta.dirname, 'index.html'), MAIN],
      preserveEntrySignatures: 'allow-extension',
      output: { codeSplitting: { groups: [{ name: chunkOf }] } },
    },
    reportCompressedSize: false,
  },
  plugins: [mainInDocument(), compiledAtOnce(), precompressed()],
})

interface Modules {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null
}

/** `first` opens the stream, `main` draws the first view; each with all that it needs, so that neither waits for a third script. */
function chunkOf(id: string, modules: Modules): string | null {
  if (neededBy(FIRST, modules).has(id)) return 'first'
  return neededBy(MAIN, modules).has(id) ? 'main' : null
}

/** Without what is only loaded later. */
function neededBy(entry: string, modules: Modules): ReadonlySet<string> {
  const found = new Set([entry])
  for (const id of found) for (const needed of modules.getModuleInfo(id)?.importedIds ?? []) found.add(needed)
  return found
}

/** The document names both scripts, so that they are asked for at once. */
function mainInDocument(): Plugin {
  return {
    name: 'main-in-document',
    apply: 'build',
    generateBundle: (_, bundle) => {
      // A chunk that only imports the one with the code, which the document names itself.
      for (const [file, chunk] of Object.entries(bundle))
        if (chunk.type === 'chunk' && chunk.facadeModuleId === MAIN && !chunk.moduleIds.includes(MAIN))
          delete bundle[file]
    },
    transformIndexHtml: {
      order: 'post',
      handler: (_, { bundle = {} }) => {
        const main = Object.values(bundle).find((chunk) => chunk.type === 'chunk' && chunk.moduleIds.includes(MAIN))
        if (main === undefined) throw new Error('the build has no chunk of main.tsx')
        const attrs = { type: 'module', async: true, crossorigin: true, src: `/${main.fileName}` }
        return [{ tag: 'script', attrs, injectTo: 'head' }]
      },
    },
  }
}

/**
 * Nearly all functions of the first scripts are called to draw the first view. With this comment at its top Chromium compiles them while the
 * script arrives, in place of one after the other when each is called (its explicit compile hints).
 */
function compiledAtOnce(): Plugin {
  return {
    name: 'compiled-at-once',
    apply: 'build',
    generateBundle: (_, bundle) => {
      for (const chunk of Object.values(bundle))
        if (chunk.type === 'chunk' && (chunk.name === 'first' || chunk.name === 'main'))
          chunk.code = `//# allFunctionsCalledOnLoad\n${chunk.code}`
    },
  }
}

function precompressed(): Plugin {
  let folder = ''
  return {
    name: 'precompressed',
    apply: 'build',
    configResolved: (config) => {
      folder = join(config.root, config.build.outDir)
    },
    writeBundle: (options) => {
      for (const entry of readdirSync(options.dir ?? folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name)
        if (entry.isFile() && !path.endsWith('.br')) writeFileSync(`${path}.br`, compressed(readFileSync(path)))
      }
    },
  }
}

function compressed(bytes: Uint8Array): Uint8Array {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  return brotliCompressSync(bytes, { params })
}
