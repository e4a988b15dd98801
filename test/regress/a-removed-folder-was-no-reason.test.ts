/** In a folder that was removed `serve` ended with "process.cwd failed with error", and said nothing of what to do. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { LAUNCHER } from '../support/launcher.ts'
import { tempFolder } from '../support/temp-folder.ts'

test.runIf(process.platform === 'linux')('it says that the folder is gone', () => {
  const script = `cd '${tempFolder()}' && rmdir "$PWD" && exec '${process.execPath}' '${LAUNCHER}' serve --port 0 --no-history`
  const run = spawnSync('sh', ['-c', script], { timeout: 20_000 })
  expect({ status: run.status, stdout: String(run.stdout) }).toEqual({ status: 1, stdout: '' })
  expect(String(run.stderr)).toBe(
    'foresend: the folder that this was started in is gone: change to one that is there, and start it again\n',
  )
})
