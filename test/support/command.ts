/** One command within this process, where it starts no server and no transfer. */
import { type Context } from '../../src/cli/context.ts'
import { run } from '../../src/cli/main.ts'
import { collector } from './collector.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export async function command(...args: readonly string[]): Promise<Ran> {
  const [stdout, stderr] = [collector(), collector()]
  const context: Context = {
    stdout: stdout.output,
    stderr: stderr.output,
    tools: {} as Context['tools'],
    watch: () => () => {},
    now: () => 0,
  }
  const code = await run(args, context)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}
