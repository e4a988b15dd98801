/**
 * Breaks the sources in one place at a time and looks whether a test fails: `npm run mutate -- [FOLDER|FILE …]`. The places are
 * those of `test/mutants/list.ts`; `--sample N [--seed S]` draws N more by itself (a comparison turned, a number changed, a condition
 * negated, a call left out). `--show` lists without running. Ends with 1 when a mutant lives without a reason.
 *
 * Works in a copy of the tree, so that the checkout is never broken. A set of tests that fails on the unbroken copy proves nothing
 * about a mutant: it ends the run.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MUTANTS } from '../test/mutants/list.ts'
import { type Mutant, TESTS } from '../test/mutants/mutant.ts'
import { drawMutants } from '../test/mutants/draw.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NOT_COPIED: ReadonlySet<string> = new Set(['node_modules', 'dist', '.git'])
/** A mutant that makes a test hang is killed too. */
const LIMIT_MS = 300_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' }, show: { type: 'boolean' } },
})
const wanted = positionals.length > 0 ? positionals : Object.keys(TESTS)
const isWanted = ({ file }: { file: string }): boolean => wanted.some((path) => file.startsWith(path))
const chosen = MUTANTS.filter(isWanted)
if (values.sample !== undefined) chosen.push(...drawMutants(sources(), Number(values.sample), Number(values.seed)))
if (values.show === true) {
  for (const mutant of chosen) console.log(lineOf(mutant))
} else process.exitCode = run(chosen)

function run(mutants: readonly Mutant[]): number {
  const copy = mkdtempSync(join(tmpdir(), 'mutate-'))
  const alive: Mutant[] = []
  try {
    for (const name of readdirSync(ROOT)) {
      if (!NOT_COPIED.has(name)) cpSync(join(ROOT, name), join(copy, name), { recursive: true })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    const broken = [...new Set(mutants.flatMap(testsFor))].filter((tests) => fails(copy, tests))
    if (broken.length > 0) {
      console.log(`these fail without any mutant, mend them first: ${broken.join(', ')}`)
      return 1
    }
    for (const mutant of mutants) {
      const killer = killerOf(copy, mutant)
      if (killer === undefined && mutant.survives === undefined) alive.push(mutant)
      const verdict = killer ?? (mutant.survives === undefined ? 'LIVES' : `lives: ${mutant.survives}`)
      console.log(`${verdict.padEnd(28)} ${lineOf(mutant)}`)
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
  console.log(`${mutants.length} mutants, ${alive.length} live without a reason`)
  return alive.length > 0 ? 1 : 0
}

/** The tests that fail on `mutant`, as they were named; undefined when it lives. */
function killerOf(copy: string, mutant: Mutant): string | undefined {
  const path = join(copy, mutant.file)
  const source = readFileSync(path, 'utf8')
  const at = source.indexOf(mutant.was)
  if (at < 0 || source.includes(mutant.was, at + 1))
    throw new Error(`${mutant.file}: «${mutant.was}» is not there once`)
  writeFileSync(path, source.slice(0, at) + mutant.now + source.slice(at + mutant.was.length))
  try {
    return testsFor(mutant).find((tests) => fails(copy, tests))
  } finally {
    writeFileSync(path, source)
  }
}

function testsFor({ file, tests }: Mutant): readonly string[] {
  const folder = Object.keys(TESTS).find((path) => file.startsWith(path))
  return [...(tests ?? []), ...(folder === undefined ? [] : TESTS[folder])]
}

function fails(copy: string, tests: string): boolean {
  const vitest = join('node_modules', 'vitest', 'vitest.mjs')
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--bail=1', '--reporter=dot', tests], {
    cwd: copy,
    stdio: 'ignore',
    timeout: LIMIT_MS,
  })
  return status !== 0
}

function sources(): Map<string, string> {
  const found = new Map<string, string>()
  for (const folder of Object.keys(TESTS)) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      const file = `${folder}/${name}`
      if (!file.endsWith('.ts') || file.endsWith('.test.ts') || !isWanted({ file })) continue
      found.set(file, readFileSync(join(ROOT, file), 'utf8'))
    }
  }
  return found
}

function lineOf({ file, was, now, breaks }: Mutant): string {
  const short = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 70)
  return `${file}: ${short(was)} => ${short(now)} (${breaks})`
}
