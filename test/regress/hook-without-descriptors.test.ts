/** A hook that could not be started for lack of descriptors threw where nothing caught it, and the server ended. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

/** Takes every descriptor that the limit leaves, then runs a hook. */
const SCRIPT = `
  import { closeSync, openSync } from 'node:fs'
  const { HookCommand } = await import(process.argv[1])
  const notices = []
  const hook = new HookCommand({ command: '/bin/true', notice: (message) => notices.push(message), longestMs: 200 })
  const held = []
  try { for (;;) held.push(openSync('/dev/null')) } catch {}
  hook.event({ event: 'completed', client: '127.0.0.1:1', file: 'a', bytes: 1, id: 1 })
  for (const fd of held) closeSync(fd)
  await hook.close()
  console.log(JSON.stringify(notices))
`

test.runIf(process.platform === 'linux')('is told, and the program goes on', async () => {
  const module = new URL('../../src/control/hook-command.ts', import.meta.url).href
  const node = `exec '${process.execPath}' --input-type=module -e "$0" '${module}'`
  const child = spawn('sh', ['-c', `ulimit -n 64; ${node}`, SCRIPT], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let failed = ''
  child.stdout.on('data', (piece) => (said += String(piece)))
  child.stderr.on('data', (piece) => (failed += String(piece)))
  const [code] = (await once(child, 'close')) as [number]
  expect({ code, failed }).toEqual({ code: 0, failed: '' })
  expect(JSON.parse(said)).toEqual([expect.stringContaining('/bin/true could not be run: EMFILE')])
})
