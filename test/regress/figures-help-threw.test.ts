import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

function figures(...args: readonly string[]): {
  readonly code: number | null
  readonly out: string
  readonly err: string
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/figures.ts', ...args], { encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

/** `--help` and an unknown option printed a stack trace. */
test('figures --help lists the options, and an unknown one is a line', () => {
  const help = figures('--help')
  expect(help).toMatchObject({ code: 0, err: '' })
  for (const option of ['--only', '--seeds', '--json', '--clients', '--cells', '--pair'])
    expect(help.out).toContain(option)
  expect(figures('--bogus')).toEqual({ code: 2, out: '', err: "Unknown option '--bogus'; --help lists the options\n" })
})
