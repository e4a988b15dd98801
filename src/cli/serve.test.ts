/** A start of `serve` that fails after the server listens. */
import { expect, test, vi } from 'vitest'
import { collector } from '../../test/support/collector.ts'
import type { Server } from '../server/contract.ts'
import type { Context } from './context.ts'
import { run } from './main.ts'

test('a server whose pidfile cannot be written stops at once', async () => {
  const stop = vi.fn(async () => {})
  const [stdout, stderr] = [collector(), collector()]
  const server: Partial<Server> = { bound: [{ address: '127.0.0.1', port: 69 }], transfers: () => [], stop }
  const context: Context = {
    stdout: stdout.output,
    stderr: stderr.output,
    tools: { startServer: async () => server as Server } as Partial<Context['tools']> as Context['tools'],
    watch: () => () => {},
    now: () => 0,
  }
  expect(await run(['serve', '--no-history', '--pidfile', '/nowhere/pid'], context)).toBe(2)
  expect(stderr.text()).toContain('cannot write --pidfile')
  expect(stop.mock.calls).toEqual([[0]])
})
