/** The fuzzer that is guided by coverage, a little of it; `npm run fuzz -- coverage` does five hundred times as much. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const RUN = fileURLToPath(new URL('run.ts', import.meta.url))
const INPUTS = 2000

test('inputs reach most of the code, later ones more, and none does harm', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, 'coverage', String(INPUTS), '7'], {
    encoding: 'utf8',
  })
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  const [, reached, all] = /(\d+) of (\d+) blocks reached/.exec(stdout) ?? []
  expect(Number(reached) / Number(all)).toBeGreaterThan(0.6)
  // Feedback: later inputs reach what the first did not.
  const growth = /kept, ([\d ]+) blocks after each tenth/.exec(stdout)?.[1]?.split(' ').map(Number) ?? []
  expect(growth).toHaveLength(10)
  expect(growth.at(-1)).toBeGreaterThan((growth[0] ?? Infinity) + 50)
  for (const folder of ['endpoint', 'packet', 'transfer', 'transfer/multicast'])
    expect(stdout).toMatch(new RegExp(`^${folder} +\\d+ of`, 'm'))
})
