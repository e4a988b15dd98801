/**
 * Seeded transfers in virtual time until one does harm: `npm run soak -- [COUNT] [FIRST SEED]`. Ends with 1 on a hole, a
 * wrong byte, or a server that reports success for what is not there. A line with a seed runs again with COUNT 1.
 */
import { drawScenario, runScenario } from './scenario.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const first = Number(process.argv[3] ?? 1)
const kinds = new Map<string, number>()
let harmful = 0
let datagrams = 0
const startedAt = process.hrtime.bigint()
for (let seed = first; seed < first + count; seed++) {
  const scenario = drawScenario(seed)
  const run = runScenario(scenario)
  datagrams += run.datagrams
  kinds.set(run.verdict.kind, (kinds.get(run.verdict.kind) ?? 0) + 1)
  if (run.verdict.harmful || run.verdict.kind === 'unfinished' || count === 1) {
    if (run.verdict.harmful) harmful++
    console.log(
      `${run.verdict.kind}: ${scenario.label}; ${run.client?.reason ?? 'device undecided'}; ${run.outcome?.error?.message ?? run.outcome?.status ?? 'server undecided'}`,
    )
  }
  const done = seed - first + 1
  if (done % 20_000 === 0) console.log(`${done} of ${count} transfers, ${harmful} harmful`)
}
const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9
for (const [kind, n] of [...kinds].sort((a, b) => b[1] - a[1])) console.log(`${String(n).padStart(9)}  ${kind}`)
console.log(`${count} transfers, ${datagrams} DATA datagrams in ${seconds.toFixed(1)} s; ${harmful} harmful`)
process.exitCode = harmful > 0 ? 1 : 0
