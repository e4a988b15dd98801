/**
 * Fuzzes the rules about names for long: `npm run fuzz -- rules [CASES] [SEED]`. Patterns against those of glibc, hostile patterns against the
 * clock, every path trick in every way, and a folder that is swapped for a link for 20 s. Ends with 1 when something is wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SEARCH_MAX_MS } from '../../src/content/remap/pattern.ts'
import { Rng } from '../../src/lab/rng.ts'
import { loadGlibc } from './glibc-regex.ts'
import { hostileRules } from './hostile-rules.ts'
import { pathTricks, trickFolder } from './path-tricks.ts'
import { fuzzPatterns } from './pattern-fuzz.ts'
import { swapping } from './swapping.ts'
import { tryTricks, WAY_NAMES } from './trick-trial.ts'

const HOSTILE = 3000
const SWAPPING_MS = 20_000

export async function fuzzRules(cases: number, seed: number): Promise<void> {
  const wrong: string[] = []
  const functions = loadGlibc()
  if (functions === undefined) {
    console.log('patterns: not compared, this needs glibc and koffi')
  } else {
    const report = fuzzPatterns(functions, cases, seed)
    wrong.push(...report.wrong)
    console.log(
      `patterns: ${report.cases} searches compared with glibc, ${report.matched} matched, ${report.wrong.length} wrong whole matches, ` +
        `${report.groups} with other groups; ${report.refused} patterns refused by both, ${report.strict} by Foresend alone`,
    )
  }
  const hostile = hostileRules(HOSTILE, new Rng(seed))
  if (hostile.worstMs > SEARCH_MAX_MS) wrong.push(`${hostile.worst}: ${hostile.worstMs.toFixed(1)} ms`)
  console.log(
    `hostile patterns: ${hostile.refused} refused when loaded, ${hostile.accepted} accepted, the slowest search ${hostile.worstMs.toFixed(1)} ms`,
  )
  const temporary = mkdtempSync(join(tmpdir(), 'foresend-tricks-'))
  try {
    const folder = trickFolder(temporary)
    const tricks = pathTricks(folder)
    for (const way of WAY_NAMES) {
      const { tried, refused, inside, out } = await tryTricks(folder, way, tricks)
      wrong.push(...out)
      console.log(
        `${tricks.length} path tricks ${way}: ${tried} requests, ${refused} refused, ${inside} inside, ${out.length} got out`,
      )
    }
    const { reads, writes } = await swapping(folder, SWAPPING_MS)
    if (reads.secret + writes.escaped > 0) wrong.push('the swapped folder led outside')
    console.log(
      `a folder swapped for a link: ${reads.inside} reads inside, ${reads.refused} refused, ${reads.secret} outside; ` +
        `${writes.stored} stored, ${writes.refused} refused, ${writes.escaped} outside`,
    )
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  for (const line of wrong) console.error(line)
  if (wrong.length > 0) process.exitCode = 1
}
