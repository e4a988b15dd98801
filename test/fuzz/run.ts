/**
 * Fuzzes the endpoint for long: `npm run fuzz -- [PACKETS] [SEED]`. Ends with 1 and the seed and packet of what went wrong.
 * `npm run fuzz -- http [REQUESTS] [SEED]` fuzzes the HTTP port (http-run.ts), `npm run fuzz -- rules [CASES] [SEED]` the rules about
 * names (rules-run.ts), and `npm run fuzz -- coverage [INPUTS] [SEED]` makes its inputs by what they reach (coverage/coverage-fuzz.ts).
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** A leak of one byte for each packet of the second half would be more. */
const MOST_GROWTH_BYTES = 2_000_000

const packets = Number(process.argv[2] ?? 10_000_000)
const seed = Number(process.argv[3] ?? 1)
const startedAt = performance.now()
const seconds = () => (performance.now() - startedAt) / 1000

const [, , kind, count, ofSeed = '1'] = process.argv
// Each is loaded alone: what is counted must not be loaded before its counters.
if (kind === 'rules') {
  const { fuzzRules } = await import('./rules-run.ts')
  await fuzzRules(Number(count ?? 20_000), Number(ofSeed))
} else if (kind === 'http') {
  const { runHttpFuzz } = await import('./http-run.ts')
  await runHttpFuzz(Number(count ?? 100_000), Number(ofSeed))
} else if (kind === 'coverage') {
  const { fuzzCoverage } = await import('./coverage/run.ts')
  await fuzzCoverage(Number(count ?? 1_000_000), Number(ofSeed))
} else await fuzzPackets()

async function fuzzPackets(): Promise<void> {
  const { fuzzEndpoint } = await import('./endpoint-fuzz.ts')
  try {
    const report = fuzzEndpoint({
      packets,
      seed,
      collectGarbage,
      onProgress: (done) => {
        if (done % 1_000_000 === 0) console.log(`${done} of ${packets} packets, ${seconds().toFixed(0)} s`)
      },
    })
    for (const [name, n] of [...report.events].sort((a, b) => b[1] - a[1]))
      console.log(`${String(n).padStart(9)}  ${name}`)
    const growthBytes = report.heapBytes[1] - report.heapBytes[0]
    const [half, end] = report.heapBytes.map((bytes) => (bytes / 1e6).toFixed(1))
    console.log(
      `${report.packets} packets in ${seconds().toFixed(1)} s (${(report.ms / 1000).toFixed(0)} s of virtual time): ` +
        `${report.answers} answers, at most ${report.mostTransfers} transfers at a time, up to block ${report.furthestBlock}; ` +
        `${report.whole} honest transfers whole, ${report.failed} ended by the noise, none wrong; ` +
        `heap ${half} MB half-way, ${end} MB at the end`,
    )
    if (growthBytes > MOST_GROWTH_BYTES) throw new Error(`the heap grew by ${growthBytes} bytes in the second half`)
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  }
}
