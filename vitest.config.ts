import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { COMPILE_CACHE } from './test/support/compile-cache.ts'
import { temporaryFolder } from './test/support/temporary-folder.ts'

/** Only virtual time and computing. */
const virtual = [
  'test/{sim,fuzz,regress}/**/*.test.ts',
  'src/{capture,endpoint,lab,packet,profile,transfer}/**/*.test.ts',
]

/** Real sockets, threads or processes, and a judgement of times, memory or descriptors: one file after the other. */
const alone = [
  'src/{io,lab-live,load}/**/*.test.ts',
  'src/server/{history,server}.test.ts',
  'test/heap/**/*.test.ts',
  'test/soak/{churn,soak}.test.ts',
  'test/e2e/{http-attacks,robust-worker}.test.ts',
]

/** Files that take longest, or wait longest: they begin first, so that no core is left with one of them at the end. */
const longest = [
  'robust-network',
  'sim/never-a-hole',
  'sim/rollover',
  'e2e/cli.test',
  'e2e/history',
  'sim/figures.test',
  'test/ui/',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex((part) => moduleId.includes(part))
      return found < 0 ? longest.length : found
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

/** For tests, and for the commands and threads that they start. */
const env = { NODE_COMPILE_CACHE: COMPILE_CACHE, TMPDIR: temporaryFolder() }

/** A thread starts in half the time from the bundle. */
const alias = [
  {
    find: /^.*\/thread-file\.ts$/,
    replacement: fileURLToPath(new URL('test/support/thread-file.ts', import.meta.url)),
  },
]

const common = { isolate: false, testTimeout: 60_000, hookTimeout: 60_000, env, alias }

/** Four at once on two cores: the real programs of `rest` mostly wait for each other. */
const together = { maxWorkers: 4, sequence: { groupOrder: 0 } }

export default defineConfig({
  test: {
    globalSetup: 'test/support/package-folder.ts',
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...common, name: 'virtual', include: virtual, ...together } },
      {
        test: {
          ...common,
          name: 'rest',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts', 'ui/src/**/*.test.ts'],
          exclude: [...virtual, ...alone],
          ...together,
        },
      },
      { test: { ...common, name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
})
