/** The regular expressions of the C library, as the oracle of ours: `regcomp` and `regexec` through koffi. */
import { createRequire } from 'node:module'

const REG_EXTENDED = 1
const REG_ICASE = 2
const REG_NOTBOL = 1
/** `regex_t` of glibc has 64 bytes on 64-bit machines. */
const REGEX_BYTES = 64

type Foreign = (...values: unknown[]) => number

/** A compiled pattern of glibc. `close` gives its memory back. */
export class GlibcRegex {
  readonly #functions: Functions
  readonly #regex = Buffer.alloc(REGEX_BYTES)

  private constructor(functions: Functions) {
    this.#functions = functions
  }

  /** The error number of `regcomp` when it refuses the pattern. Strings are bytes as latin1, without NUL. */
  static compile(functions: Functions, pattern: string, ignoreCase: boolean): GlibcRegex | number {
    const compiled = new GlibcRegex(functions)
    const flags = REG_EXTENDED | (ignoreCase ? REG_ICASE : 0)
    const error = functions.regcomp(compiled.#regex, cString(pattern), flags)
    return error === 0 ? compiled : error
  }

  /**
   * Positions of the whole match and, when `groups` is above 1, of as many groups less one; -1 where there is none. To find groups in
   * repeated groups takes glibc exponential time.
   */
  find(subject: string, groups: number, notAtBegin: boolean): [number, number][] | undefined {
    const matches = Buffer.alloc(groups * 8)
    const found = this.#functions.regexec(this.#regex, cString(subject), groups, matches, notAtBegin ? REG_NOTBOL : 0)
    if (found !== 0) return undefined
    return Array.from({ length: groups }, (_, i) => [matches.readInt32LE(i * 8), matches.readInt32LE(i * 8 + 4)])
  }

  close(): void {
    this.#functions.regfree(this.#regex)
  }
}

export interface Functions {
  readonly regcomp: Foreign
  readonly regexec: Foreign
  readonly regfree: Foreign
}

/** Undefined where the process has no glibc, or koffi cannot be loaded. */
export function loadGlibc(): Functions | undefined {
  if (process.platform !== 'linux') return undefined
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  if (header.glibcVersionRuntime === undefined) return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi') as { load(path: null): { func(definition: string): Foreign } }
    const library = koffi.load(null)
    return {
      regcomp: library.func('int regcomp(void *regex, const void *pattern, int flags)'),
      regexec: library.func(
        'int regexec(const void *regex, const void *subject, size_t count, void *matches, int flags)',
      ),
      regfree: library.func('void regfree(void *regex)'),
    }
  } catch {
    return undefined
  }
}

function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'latin1')
}
