import type { confine } from './confine/index.ts'
import type { StreamOutput } from './render/output.ts'
import type { Tools } from './tools.ts'

/** What the commands need of the world around them; tests put their own in. */
export interface Context {
  readonly stdout: StreamOutput
  readonly stderr: StreamOutput
  readonly tools: Tools
  /** Calls back on each request to stop (with how many there were), and on each request to reload. */
  watch(stop: (count: number) => void, reload?: () => void): () => void
  now(): number
  /** Gives up the rights to files that a plan does not name. Absent in a program that is not alone in its process. */
  readonly confine?: typeof confine
  /** Puts this thread behind those that serve. Absent as well where the thread is not the program's own. */
  readonly giveWay?: () => void
}
