/** bin/foresend.js under an old Node: a preloaded script claims an old version, and fakes stand for the Node it finds. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const LAUNCHER = fileURLToPath(new URL('../../bin/foresend.js', import.meta.url))
const work = realpathSync(mkdtempSync(join(tmpdir(), 'foresend-launcher-')))
afterAll(() => rmSync(work, { recursive: true, force: true }))

const claimOld = join(work, 'claim-old.cjs')
writeFileSync(
  claimOld,
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.8' } })\n",
)

/** A package folder with the launcher in it; `main` stands for the compiled program. */
function packageWith(main: string, at: string = mkdtempSync(join(work, 'package-'))): string {
  mkdirSync(join(at, 'bin'), { recursive: true })
  mkdirSync(join(at, 'dist', 'cli'), { recursive: true })
  cpSync(LAUNCHER, join(at, 'bin', 'foresend.js'))
  writeFileSync(join(at, 'package.json'), '{"type":"module"}')
  writeFileSync(join(at, 'dist', 'cli', 'main.js'), `export async function main() { ${main} }\n`)
  return at
}

/** A `node` package whose program is `script`, or nothing. */
function addNode(folder: string, version: string, script: string | undefined): string {
  const path = join(folder, 'node_modules', 'node', 'bin', 'node')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(join(folder, 'node_modules', 'node', 'package.json'), JSON.stringify({ version }))
  if (script !== undefined) {
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
  }
  return path
}

/** Hands on to the Node that runs these tests. */
const REAL = `exec '${process.execPath}' "$@"`

function runOld(folder: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, ['--require', claimOld, join(folder, 'bin', 'foresend.js'), ...args], {
    encoding: 'utf8',
  })
}

describe('under a Node that is new enough', () => {
  test('runs the compiled program of a package', () => {
    const folder = packageWith('console.log(process.argv.slice(2).join())')
    const run = spawnSync(process.execPath, [join(folder, 'bin', 'foresend.js'), 'a', 'b c'], { encoding: 'utf8' })
    expect(run).toMatchObject({ status: 0, stdout: 'a,b c\n', stderr: '' })
  })

  test('runs the sources of a checkout', () => {
    const folder = packageWith('console.log("compiled")')
    mkdirSync(join(folder, 'src', 'cli'), { recursive: true })
    writeFileSync(join(folder, 'src', 'cli', 'main.ts'), 'export function main(): void { console.log("source") }\n')
    const run = spawnSync(process.execPath, [join(folder, 'bin', 'foresend.js')], { encoding: 'utf8' })
    expect(run).toMatchObject({ status: 0, stdout: 'source\n', stderr: '' })
  })

  test('works through a symbolic link, as npm makes them', () => {
    const folder = packageWith('console.log("here")')
    symlinkSync(join(folder, 'bin', 'foresend.js'), join(folder, 'foresend'))
    expect(spawnSync(process.execPath, [join(folder, 'foresend')], { encoding: 'utf8' }).stdout).toBe('here\n')
  })
})

describe('under an old Node', () => {
  test('runs the same command under the installed one', () => {
    const folder = packageWith('console.log(process.argv.slice(2).join("|")); process.exitCode = 4')
    addNode(folder, '24.12.0', REAL)
    expect(runOld(folder, 'get', 'a b', '--flag')).toMatchObject({ status: 4, stdout: 'get|a b|--flag\n', stderr: '' })
  })

  test('finds one that a parent folder installed', () => {
    const parent = mkdtempSync(join(work, 'parent-'))
    const folder = packageWith('console.log("ran")', join(parent, 'node_modules', 'foresend'))
    addNode(parent, '25.1.0', REAL)
    expect(runOld(folder)).toMatchObject({ status: 0, stdout: 'ran\n' })
  })

  test('passes over one that is too old and takes the next', () => {
    const parent = mkdtempSync(join(work, 'parent-'))
    const folder = packageWith('console.log("ran")', join(parent, 'node_modules', 'foresend'))
    addNode(folder, '24.11.1', 'echo wrong one')
    addNode(parent, '24.12.0', REAL)
    expect(runOld(folder)).toMatchObject({ status: 0, stdout: 'ran\n' })
  })

  test('standard input reaches the program', () => {
    const folder = packageWith('for await (const piece of process.stdin) process.stdout.write(piece)')
    addNode(folder, '24.12.0', REAL)
    const run = spawnSync(process.execPath, ['--require', claimOld, join(folder, 'bin', 'foresend.js')], {
      input: 'bytes',
    })
    expect(run.stdout.toString()).toBe('bytes')
  })

  const problems: readonly { what: string; version?: string; script?: string; says: RegExp }[] = [
    { what: 'none is installed', says: /needs Node 24\.12 or later, but this is Node 18\.20\.8: install Node 24/ },
    { what: 'the installed one is too old', version: '22.1.0', script: REAL, says: /bin\/node is version 22\.1\.0: / },
    { what: 'its install script did not run', version: '24.12.0', says: /bin\/node is missing \(were install scripts/ },
  ]
  test.each(problems)('$what: one line that says so, exit code 2', ({ version, script, says }) => {
    const folder = packageWith('console.log("must not run")')
    if (version !== undefined) addNode(folder, version, script)
    const run = runOld(folder, 'serve')
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toMatch(says)
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  test('a program that cannot start is named', () => {
    const folder = packageWith('')
    chmodSync(addNode(folder, '24.12.0', REAL), 0o644)
    const run = runOld(folder)
    expect(run.status).toBe(2)
    expect(run.stderr).toMatch(/does not start \(/)
  })

  test('in a checkout it points to npm ci', () => {
    const folder = packageWith('')
    writeFileSync(join(folder, 'package-lock.json'), '{}')
    expect(runOld(folder).stderr).toContain(`run \`npm ci\` in ${folder}`)
  })
})

describe('signals under an old Node', () => {
  /** Says ready, then waits; says what it got and ends with 7. */
  const WAITS =
    "for (const s of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(s, () => { console.log(s); process.exit(7) });" +
    "setInterval(() => {}, 1000); console.log('ready ' + process.pid)"

  async function startOld(main: string): Promise<{ child: ChildProcess; pid: number; output: () => string }> {
    const folder = packageWith(main)
    addNode(folder, '24.12.0', REAL)
    const child = spawn(process.execPath, ['--require', claimOld, join(folder, 'bin', 'foresend.js')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    const ready = Promise.withResolvers<number>()
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      output += piece
      const match = /ready (\d+)\n/.exec(output)
      if (match !== null) ready.resolve(Number(match[1]))
    })
    return { child, pid: await ready.promise, output: () => output }
  }

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s reaches the program, its exit code comes back',
    async (signal) => {
      const { child, output } = await startOld(WAITS)
      child.kill(signal)
      expect(await once(child, 'close')).toEqual([7, null])
      expect(output()).toContain(`${signal}\n`)
    },
  )

  test('a program that a signal ended ends the launcher in the same way', async () => {
    const { child, pid } = await startOld("setInterval(() => {}, 1000); console.log('ready ' + process.pid)")
    process.kill(pid, 'SIGKILL')
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL'])
  })

  test('a launcher that is killed takes the program along', async () => {
    const { child, output } = await startOld(
      `process.once('disconnect', () => { console.log('alone'); process.exit(0) }); ${WAITS}`,
    )
    child.kill('SIGKILL')
    // The pipe closes when the last of the two processes has ended.
    await once(child, 'close')
    expect(output()).toContain('alone\n')
  })
})
