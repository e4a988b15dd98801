/** `foresend bench load` against `foresend serve`. */
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { probeBatch } from '../../src/io/native/probe.ts'
import { MAX_CLIENTS } from '../../src/load/options.ts'
import { run, serve, start } from './cli-run.ts'
import { folderWith, pattern } from './serving.ts'

const CONTENT = pattern(100_000)
const folder = folderWith({ 'a.bin': CONTENT, 'other.bin': pattern(100_001) })
const A = join(folder, 'a.bin')

const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no file', ['--port', '69'], /--file/],
  ['another machine', ['--file', 'a', '--host', '192.0.2.1'], /not in 127\.0\.0\.0\/8.*let the server listen on/],
  ['nothing to send', ['--file', 'a', '--direction', 'put'], /--expect FILE/],
  ['what is not there', ['--file', 'a', '--expect', join(folder, 'nope')], /cannot read .*nope/],
  ['too many clients', ['--file', 'a', '--clients', String(MAX_CLIENTS + 1)], /1 to 100000/],
]

test.each(MISTAKES)('%s: usage', async (_, args, says) => {
  const ran = await run(['bench', 'load', ...args])
  expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(says) })
})

describe.skipIf(typeof probeBatch() === 'string')('against a server', () => {
  test('many clients get the file, byte for byte, some packets lost and some clients gone', async () => {
    const server = await serve(folder, ['--max-transfers', '500'])
    try {
      const flags = ['--file', 'a.bin', '--expect', A, '--blksize', '1024', '--windowsize', '8', '--loss', '1']
      const many = ['--clients', '20', '--transfers', '100', '--vanish', '10', '--timeout', '300', '--json']
      const ran = await run(['bench', 'load', '--port', String(server.port), ...flags, ...many])
      const result = JSON.parse(ran.stdout) as Record<string, number>
      expect(ran).toMatchObject({ code: 0, stderr: '' })
      expect(result).toMatchObject({ transfers: 100, failed: 0, blksize: 1024, windowsize: 8, faults: [] })
      expect(result['completed'] + result['vanished']).toBe(100)
      expect(result['vanished']).toBeGreaterThan(0)
      expect(result['bytes']).toBe(result['completed'] * CONTENT.length)
      expect(result['retransmitted']).toBeGreaterThan(0)
    } finally {
      server.child.kill('SIGKILL')
      await server.ended
    }
  })

  test('a file that is not the expected one, and one that is not there, fail and say so', async () => {
    const server = await serve(folder)
    try {
      const port = ['--port', String(server.port)]
      const wrong = await run(['bench', 'load', ...port, '--file', 'other.bin', '--expect', A])
      expect(wrong).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/0 of 1 transfer.*1 failed(.|\n)*damaged: block 196/),
      })
      const missing = await run(['bench', 'load', ...port, '--file', 'nope', '--clients', '3'])
      expect(missing).toMatchObject({ code: 1, stdout: expect.stringMatching(/127\.16\.0\.1.*ERROR 1/) })
    } finally {
      server.child.kill('SIGKILL')
      await server.ended
    }
  })

  test('uploads arrive whole, under numbered names', async () => {
    const target = folderWith({})
    const server = await serve(target, ['--writable'])
    try {
      const flags = ['--direction', 'put', '--file', 'up', '--expect', A, '--clients', '3', '--transfers', '5']
      const ran = await run(['bench', 'load', '--port', String(server.port), ...flags, '--windowsize', '16'])
      expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/5 of 5 transfers completed/) })
      for (let i = 0; i < 5; i++) expect(readFileSync(join(target, `up-${i}`)).equals(CONTENT)).toBe(true)
      expect(existsSync(join(target, 'up'))).toBe(false)
    } finally {
      server.child.kill('SIGKILL')
      await server.ended
    }
  })

  test('--hold: every client is answered once and says nothing more, until SIGTERM', async () => {
    const server = await serve(folder)
    try {
      const flags = ['--file', 'a.bin', '--clients', '50', '--hold']
      const holding = start(['bench', 'load', '--port', String(server.port), ...flags], { stdin: 'pipe' })
      const [, answered] = await holding.seen(/"event":"held","answered":(\d+)/)
      expect(answered).toBe('50')
      holding.child.kill('SIGTERM')
      expect(await holding.ended).toMatchObject({ code: 0 })
      expect(server.printed.stdout).not.toMatch(/"event":"completed"/)

      const closing = start(['bench', 'load', '--port', String(server.port), ...flags], { stdin: 'pipe' })
      await closing.seen(/"held"/)
      closing.child.stdin?.end()
      expect(await closing.ended).toMatchObject({ code: 0 })
    } finally {
      server.child.kill('SIGKILL')
      await once(server.child, 'close')
    }
  })
})
