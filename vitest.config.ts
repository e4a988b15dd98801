import { defineConfig } from 'vitest/config'

/** Only virtual time and computing: they share the cores with each other. */
const pure = [
  'test/sim/**/*.test.ts',
  'test/fuzz/**/*.test.ts',
  'src/{capture,endpoint,lab,packet,profile,transfer}/**/*.test.ts',
]

/** Real programs that mostly wait for each other, and judge no times below seconds: two of them at once. */
const programs = [
  'test/interop/**/*.test.ts',
  'test/golden/**/*.test.ts',
  'test/e2e/{cli,cli-launcher,config,client-rollover,client-unconfirmed,error-texts,history,old-commands,package,robust-network,serve-network}.test.ts',
]

const common = { isolate: false, testTimeout: 60_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'virtual', include: pure, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { test: { ...common, name: 'programs', include: programs, maxWorkers: 2, sequence: { groupOrder: 1 } } },
      {
        test: {
          ...common,
          name: 'rest',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: [...pure, ...programs],
          // Real sockets and real time: one after the other.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
