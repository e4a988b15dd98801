/** A start of `serve` that fails when the sockets are bound. */
import { expect, test } from 'vitest'
import { collector } from '../../test/support/collector.ts'
import type { Server } from '../server/contract.ts'
import type { Context } from './context.ts'
import { run } from './main.ts'

test('a server whose pidfile cannot be written does not start', async () => {
  const [stdout, stderr] = [collector(), collector()]
  let isStarted = false
  const context: Context = {
    stdout: stdout.output,
    stderr: stderr.output,
    tools: {
      startServer: async (...given: Parameters<Context['tools']['startServer']>) => {
        given[4]?.()
        isStarted = true
        return {} as Server
      },
    } as Partial<Context['tools']> as Context['tools'],
    watch: () => () => {},
    now: () => 0,
  }
  expect(await run(['serve', '--no-history', '--pidfile', '/nowhere/pid'], context)).toBe(2)
  expect(stderr.text()).toContain('cannot write --pidfile')
  expect(isStarted).toBe(false)
})
