/** A change of one place in the sources that breaks a promised behaviour: some test must fail on it. */
export interface Mutant {
  /** Path from the root. */
  readonly file: string
  /** A piece of the file that occurs once. */
  readonly was: string
  readonly now: string
  /** The behaviour that the change takes away, and where it is promised. */
  readonly breaks: string
  /** Folders or files of tests to run, where those of `TESTS` for the file's folder are not enough. */
  readonly tests?: readonly string[]
  /** Why no test fails: the change makes no difference that can be seen. Without it a survivor is a failure. */
  readonly survives?: string
}

/** The tests that have to notice a change below a folder, quick ones first. */
export const TESTS: Readonly<Record<string, readonly string[]>> = {
  'src/transfer': ['src/transfer', 'test/regress', 'src/endpoint', 'test/sim/never-a-hole', 'test/sim/rollover'],
  'src/endpoint': ['src/endpoint', 'test/regress', 'test/fuzz'],
  'src/content': ['src/content', 'test/regress'],
  'src/server': ['src/server', 'test/regress', 'test/e2e/serve'],
}
