/** A user that may not look into the state folder of the server was told that no history is there. */
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'

const NOBODY = 65_534
const SCRIPT = `
  const { Reader } = await import(process.argv[1])
  try { new Reader(process.argv[2]) } catch (error) { console.log(error.code, error.message) }
`

/** As root, who alone can become another user, and may look everywhere. */
test.runIf(process.platform === 'linux' && process.getuid?.() === 0)('it is not permitted to read it', () => {
  const folder = tempFolder()
  chmodSync(folder, 0o700)
  const module = new URL('../../src/history/reader.ts', import.meta.url).href
  const args = ['--input-type=module', '-e', SCRIPT, module, folder]
  const run = spawnSync(process.execPath, args, { uid: NOBODY, gid: NOBODY, cwd: '/', timeout: 20_000 })
  expect(String(run.stdout)).toMatch(
    /^ERR_TFTP_ACCESS cannot read .*history\.db: not permitted; run this as the user of the server\n$/,
  )
})
