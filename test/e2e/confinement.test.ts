/** `serve` gives up the rights to files that it does not need (Landlock). */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { findWayOut } from '../../src/cli/confine/check.ts'
import { loadConfinement } from '../../src/io/native/linux.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { run, serve } from './cli-run.ts'

describe('where the kernel has Landlock', () => {
  beforeEach((context) => {
    const calls = loadConfinement()
    if (typeof calls === 'string') context.skip(calls)
    else if (calls.landlockCreate(undefined) < 1) context.skip('this kernel has no Landlock')
  })

  test.each(['dgram', 'batch'])('%s: serves, stores and keeps its history without them', async (driver) => {
    const folder = tempFolder()
    const state = tempFolder()
    writeFileSync(join(folder, 'a.bin'), 'abc')
    const flags = ['--require-confinement', '--writable', '--state', state, '--driver', driver]
    const server = await serve(folder, flags)
    const url = `tftp://127.0.0.1:${server.port}`
    const cwd = tempFolder()
    expect((await run(['get', `${url}/a.bin`], { cwd })).code).toBe(0)
    expect((await run(['put', join(cwd, 'a.bin'), `${url}/b.bin`])).code).toBe(0)
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
    expect((await run(['history', '--state', state, '--json'])).stdout).toContain('b.bin')
  })

  test('a folder in the place of the one that it began with takes a new start, and the log says so', async () => {
    const at = tempFolder()
    const root = join(at, 'images')
    mkdirSync(root)
    writeFileSync(join(root, 'a.bin'), 'one')
    const server = await serve(root)
    renameSync(root, join(at, 'old'))
    mkdirSync(root)
    writeFileSync(join(root, 'a.bin'), 'other')
    server.child.kill('SIGHUP')
    const [line] = await server.seen(/.*"code":"RELOAD_FAILED".*/)
    expect(line).toContain('start it anew, or with --no-confinement')
    // The new folder is none of those that it may read.
    const got = await run(['get', `tftp://127.0.0.1:${server.port}/a.bin`, '-o', '-'])
    expect({ code: got.code, stdout: got.stdout }).toEqual({ code: 4, stdout: '' })
    server.child.kill('SIGTERM')
    await server.ended
  })
})

test('a program that is not confined is found out, and does not serve where that is required', async () => {
  const plan = { served: [], stored: [], made: [], read: [], write: [], execute: [] }
  expect(await findWayOut(plan)).toContain('the main thread can read /etc/passwd')
  const place = { env: { FORESEND_CONFINED: '1' } }
  const ran = await run(['serve', tempFolder(), '--require-confinement', '--port', '0', '--no-history'], place)
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain('the main thread can read /etc/passwd')
})
