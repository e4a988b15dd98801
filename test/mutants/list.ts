/** What must not survive: each takes away one behaviour that a rule or a decision promises. */
import type { Mutant } from './mutant.ts'

export const MUTANTS: readonly Mutant[] = [
  {
    file: 'src/transfer/recovery.ts',
    was: 'const ECHOES = 2',
    now: 'const ECHOES = 1',
    breaks: 'one doubled ACK makes a silent client one that answers repeats (ADR 2, 10)',
  },
]
