/** Every rule. Adding one is one file beside this one and one row here. */
import type { Rule } from '../rule.ts'
import { deadRx } from './dead-rx.ts'
import { serverSilent } from './server-silent.ts'

export const RULES: readonly Rule[] = [deadRx, serverSilent]
