/** `foresend history export > FILE` on a full disk wrote nothing, said nothing and ended with 0. */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LAUNCHER } from '../support/launcher.ts'

const FULL = '/dev/full'

test.runIf(existsSync(FULL)).each(['profile export uboot-1.1', 'lab list faults', '--help'])(
  '%s to a full disk is told, and ends with 1',
  (line) => {
    const full = openSync(FULL, 'w')
    const run = spawnSync(process.execPath, [LAUNCHER, ...line.split(' ')], {
      stdio: ['ignore', full, 'pipe'],
      timeout: 20_000,
    })
    closeSync(full)
    expect(String(run.stderr)).toMatch(
      /^foresend: cannot write to standard output: the disk is full; make room, and run this again: what follows is lost\n$/,
    )
    expect(run.status).toBe(1)
  },
)

test.runIf(process.platform === 'linux')('a reader that has what it wanted is no failure', () => {
  const line = `'${process.execPath}' '${LAUNCHER}' lab list | head -c 1 >/dev/null; exit \${PIPESTATUS[0]}`
  const run = spawnSync('bash', ['-c', line], { timeout: 20_000 })
  expect({ status: run.status, stderr: String(run.stderr) }).toEqual({ status: 0, stderr: '' })
})
