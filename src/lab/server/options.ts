/** Option negotiation of the models: what each program knows, in the order asked. */
import { encodeOack, type Option, optionNumber, type Request } from '../../packet/index.ts'

export interface OptionRules {
  /** The options that the program answers; others are ignored. */
  readonly knows: readonly ('blksize' | 'timeout' | 'tsize' | 'windowsize')[]
  /** Larger requests get this much. Default 65464. */
  readonly maxBlksize?: number
}

export interface Accepted {
  readonly blksize: number
  readonly windowsize: number
  readonly windowNegotiated: boolean
  /** Undefined when the client did not ask, or the program does not listen. Milliseconds. */
  readonly timeoutMs: number | undefined
  /** Undefined when no option was accepted. */
  readonly oack: Uint8Array | undefined
}

const DEFAULT_BLKSIZE = 512
const MAX_BLKSIZE = 65464

export function acceptOptions(request: Request, sizeBytes: number, rules: OptionRules): Accepted {
  const knows = (name: string): boolean => (rules.knows as readonly string[]).includes(name)
  const asked = (name: string, min: number, max: number): number | undefined =>
    knows(name) ? optionNumber(request.options, name, min, max) : undefined
  const largest = rules.maxBlksize ?? MAX_BLKSIZE
  const blksizeAsked = asked('blksize', 8, MAX_BLKSIZE)
  const blksize = blksizeAsked === undefined ? undefined : Math.min(blksizeAsked, largest)
  const windowsize = asked('windowsize', 1, 65535)
  const timeout = asked('timeout', 1, 255)
  const answers: Record<string, number | undefined> = {
    blksize,
    windowsize,
    timeout,
    tsize: asked('tsize', 0, Number.MAX_SAFE_INTEGER) === undefined ? undefined : sizeBytes,
  }
  const oack: Option[] = []
  for (const { name } of request.options) {
    const value = answers[name]
    if (value !== undefined) oack.push({ name, value: String(value) })
  }
  return {
    blksize: blksize ?? DEFAULT_BLKSIZE,
    windowsize: windowsize ?? 1,
    windowNegotiated: windowsize !== undefined,
    timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    oack: oack.length > 0 ? encodeOack(oack) : undefined,
  }
}
