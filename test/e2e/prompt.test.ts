/** `foresend tftp` as a person uses it: lines from a pipe, and at a terminal that `script` (util-linux) makes. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { run, serve, start } from './cli-run.ts'
import { LAUNCHER } from '../support/launcher.ts'

const SCRIPT = '/usr/bin/script'

function served(): string {
  const folder = tempFolder()
  writeFileSync(join(folder, 'a.txt'), 'a\n')
  writeFileSync(join(folder, 'b.txt'), 'bb\n')
  return folder
}

test('lines from a pipe: each is done, and the exit code is that of the first that failed', async () => {
  const server = await serve(served())
  const cwd = tempFolder()
  const prompt = start(['tftp', '127.0.0.1', String(server.port)], { cwd, stdin: 'pipe' })
  prompt.child.stdin?.end('# a comment\nget a.txt\nget none\nget "b.txt" c.txt\nbogus\n')
  const { code, stdout, stderr } = await prompt.ended
  expect(code).toBe(4)
  expect(stdout).toMatch(/^got a\.txt: 2 bytes.*\ngot b\.txt: 3 bytes/)
  expect(stderr).toContain('ERROR 1')
  expect(stderr).toContain('no command bogus: help lists what there is')
  expect(readFileSync(join(cwd, 'c.txt'), 'utf8')).toBe('bb\n')
  const one = await run(['tftp', '127.0.0.1', String(server.port), '--trace', '-c', 'get', 'a.txt'], { cwd })
  expect(one.code).toBe(0)
  expect(one.stderr).toMatch(/sent {6}RRQ "a\.txt" octet.*\n.*received {2}OACK tsize=2[\s\S]*DATA 1 \(2 bytes\)/)
  server.child.kill('SIGTERM')
  await server.ended
})

test.skipIf(!existsSync(SCRIPT))(
  'at a terminal: the tab key completes, the arrow brings the last line back',
  async () => {
    const server = await serve(served())
    const cwd = tempFolder()
    const state = tempFolder()
    const shown = `${process.execPath} ${LAUNCHER} tftp 127.0.0.1 ${server.port}`
    const place = { cwd, env: { STATE_DIRECTORY: state, TERM: 'xterm', NO_COLOR: '1' }, stdin: 'pipe' as const }
    const prompt = start(['-qec', shown, '/dev/null'], { ...place, command: [SCRIPT] })
    await prompt.seen(/tftp> /)
    prompt.child.stdin?.write('ge\t')
    await prompt.seen(/get /)
    prompt.child.stdin?.write('a.txt\r')
    await prompt.seen(/got a\.txt: 2 bytes[^\n]*\n[\s\S]*tftp> /)
    prompt.child.stdin?.write('\x1b[A\x7f\x7f\x7f\x7f\x7fb.txt\r')
    await prompt.seen(/got b\.txt: 3 bytes[^\n]*\n[\s\S]*tftp> /)
    prompt.child.stdin?.write('\x04')
    expect((await prompt.ended).code).toBe(0)
    expect(readFileSync(join(state, 'tftp-history'), 'utf8')).toBe('get a.txt\nget b.txt\n')
    server.child.kill('SIGTERM')
    await server.ended
  },
)

test.skipIf(!existsSync(SCRIPT))(
  'at a terminal: lines that are pasted all run, and the last one may go on',
  async () => {
    const shown = `${process.execPath} ${LAUNCHER} tftp`
    const place = { env: { STATE_DIRECTORY: tempFolder(), TERM: 'xterm', NO_COLOR: '1' }, stdin: 'pipe' as const }
    const prompt = start(['-qec', shown, '/dev/null'], { ...place, command: [SCRIPT] })
    await prompt.seen(/tftp> /)
    prompt.child.stdin?.write('mode netascii\rmode\rverbose\rlite')
    await prompt.seen(/mode netascii\r\nverbose on[\s\S]*tftp> .*lite/)
    prompt.child.stdin?.write('ral\rquit\r')
    const { code, stdout } = await prompt.ended
    expect(code).toBe(0)
    expect(stdout).toContain('literal on')
  },
)
