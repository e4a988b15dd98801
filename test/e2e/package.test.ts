/**
 * The package as it would be published: packed, installed into an empty folder, and used from there. Nothing is fetched:
 * its dependencies are packed from this checkout's node_modules and stand in for the registry.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, start } from './cli-run.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string
  dependencies: Record<string, string>
  exports: Record<string, unknown>
}
const work = realpathSync(mkdtempSync(join(tmpdir(), 'foresend-package-')))
const home = join(work, 'home')
const npx = { cwd: home, command: ['npx', '--offline', '--no-install', 'foresend'] }
const linked = { cwd: home, command: [join(home, 'node_modules', '.bin', 'foresend')] }

afterAll(() => rmSync(work, { recursive: true, force: true }))

beforeAll(() => {
  const tarballs = join(work, 'tarballs')
  mkdirSync(tarballs)
  mkdirSync(home)
  npm(ROOT, 'pack', '--pack-destination', tarballs)
  npm(ROOT, 'pack', ...neededBy(manifest), '--ignore-scripts', '--pack-destination', tarballs)
  writeFileSync(join(home, 'package.json'), '{"private":true}')
  npm(
    home,
    'install',
    '--offline',
    '--no-audit',
    '--no-fund',
    ...readdirSync(tarballs).map((name) => join(tarballs, name)),
  )
}, 180_000)

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The folders of what `manifest` needs, and of what that needs: an installation without a network has no other source. */
function neededBy(manifest: Manifest, found: Set<string> = new Set()): Set<string> {
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const folder = join(ROOT, 'node_modules', name)
    if (found.has(folder)) continue
    found.add(folder)
    neededBy(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest, found)
  }
  return found
}

function npm(cwd: string, ...args: readonly string[]): string {
  const ran = spawnSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  // A failed build says why on standard output.
  if (ran.status !== 0) throw new Error(`npm ${args[0]} failed:\n${ran.stdout}${ran.stderr}`)
  return ran.stdout
}

test('holds what it needs and nothing else', () => {
  const folder = join(home, 'node_modules', 'foresend')
  expect(readdirSync(folder).sort()).toEqual([
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'docs',
    'images',
    'package.json',
    'packaging',
    'profiles',
    'ui',
  ])
  expect(readdirSync(join(folder, 'ui', 'dist'))).toEqual(['assets', 'index.html', 'index.html.br'])
  const files = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' })
  expect(files.filter((name) => /\.test\./.test(name) || (name.endsWith('.ts') && !name.endsWith('.d.ts')))).toEqual([])
})

test('every file that README and CHANGELOG link to is in it', () => {
  const folder = join(home, 'node_modules', 'foresend')
  for (const page of ['README.md', 'CHANGELOG.md']) {
    const targets = [...readFileSync(join(folder, page), 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, to]) => to)
    const files = targets.filter((to) => !/^\w+:/.test(to))
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter((file) => !existsSync(join(folder, file)))).toEqual([])
  }
})

test('npx foresend --version', async () => {
  expect(await run(['--version'], npx)).toMatchObject({ code: 0, stdout: `${manifest.version}\n` })
})

test('finds its profiles', async () => {
  const shown = await run(['profile', 'show', 'tplink-recovery'], linked)
  expect(shown).toMatchObject({ code: 0 })
  expect(shown.stdout).toContain('192.168.0.66')
})

test('serve and get move a file, byte for byte', async () => {
  const images = join(work, 'images')
  const bytes = Buffer.alloc(1_000_001, 'bytes that repeat, ')
  mkdirSync(images)
  writeFileSync(join(images, 'image.bin'), bytes)
  const server = start(['serve', images, '--host', '127.0.0.1', '--port', '0', '--log-format', 'json'], linked)
  const [, port] = await server.seen(/"event":"listening".*"port":(\d+)/)
  const got = await run(['get', `tftp://127.0.0.1:${port}/image.bin`], linked)
  expect(got).toMatchObject({ code: 0 })
  expect(readFileSync(join(home, 'image.bin')).equals(bytes)).toBe(true)
  server.child.kill('SIGTERM')
  await server.ended
})

test('every subpath can be imported, and has types', () => {
  const subpaths = Object.keys(manifest.exports).filter((name) => name !== './package.json')
  expect(subpaths).toHaveLength(6)
  const script = subpaths.map((name, index) => `import * as m${index} from 'foresend/${name.slice(2)}'`)
  const sizes = `console.log([${subpaths.map((_, index) => `Object.keys(m${index}).length > 0`).join()}].every(Boolean))`
  writeFileSync(join(home, 'use.mjs'), [...script, sizes].join('\n'))
  expect(execFileSync(process.execPath, ['use.mjs'], { cwd: home, encoding: 'utf8' })).toBe('true\n')

  writeFileSync(join(home, 'use.ts'), [...script, ...subpaths.map((_, index) => `export { m${index} }`)].join('\n'))
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc')
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
  execFileSync(tsc, [...flags, '--typeRoots', join(ROOT, 'node_modules', '@types'), 'use.ts'], {
    cwd: home,
    encoding: 'utf8',
  })
})
