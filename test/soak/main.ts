/**
 * `npm run soak:real -- [--transfers N] [--seed S] [--round R]`: exit code 0 when nothing grew, stuck or broke. What a round
 * is depends on the size of the run as well: to see one again, give both and `--round`, which then comes first.
 */
import { parseArgs } from 'node:util'
import { runSoak } from './soak.ts'

const { values } = parseArgs({
  options: {
    transfers: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    round: { type: 'string', default: '1' },
  },
})
const transfers = wholeNumber('--transfers', values.transfers)
const seed = wholeNumber('--seed', values.seed)
const firstRound = Math.max(1, wholeNumber('--round', values.round)) - 1

// Whatever was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
const say = (line: string): void => void process.stdout.write(`${line}\n`)
say(`soak of ${transfers} transfers, seed ${seed}, Node ${process.version}`)
const { faults } = await runSoak({ transfers, seed, firstRound, say })
process.exitCode = faults.length === 0 ? 0 : 1

function wholeNumber(flag: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  process.stderr.write(`${flag} ${text}: give a whole number\n`)
  return process.exit(2)
}
