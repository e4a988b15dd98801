/**
 * Makes dist/: the program in few files, which starts in half the time of one file for each module, and the types of what libraries may
 * import. The packages that it depends on stay outside.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { THREADS } from '../src/thread-file.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What `exports` of package.json names, the command line, and each thread: paths below src/ without their extension. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { default: string }>
  }
  const subpaths = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : [target.default]))
  return [...subpaths.map((path) => path.replace(/^\.\/dist\/(.*)\.js$/, '$1')), 'cli/main', ...THREADS]
}

/** Bundles the sources into `folder`, which is emptied. */
export async function bundle(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  const build = await rolldown({
    input: Object.fromEntries(entries().map((name) => [name, join(ROOT, 'src', `${name}.ts`)])),
    external: (id) => /^[^./]/.test(id),
    platform: 'node',
  })
  await build.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  })
  await build.close()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = join(ROOT, 'dist')
  await bundle(dist)
  execFileSync(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'tsconfig.build.json')],
    {
      stdio: 'inherit',
    },
  )
}
