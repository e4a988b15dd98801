/** From the name in a request to the one that is looked up: every rule about names, in the one order in which they apply. */
import { ForesendError } from '../error.ts'
import { WIRE_ERROR } from '../packet/index.ts'
import { notFound, quoted, refused } from './errors.ts'
import { pathSegments } from './names.ts'
import { fromBytes, toBytes } from './remap/bytes.ts'
import type { Asking } from './remap/client.ts'
import { type Exists, NameMap } from './remap/name-map.ts'
import { FallbackRules } from './remap/pcre-file.ts'
import { readRules, type RuleSource } from './remap/read-rules.ts'
import { Rewriter } from './rewriter.ts'

/** Plain data. What is left out does nothing. The order here is the order in which they apply. */
export interface NameRules {
  /** Rules in the language of tftp-hpa's map files. */
  readonly map?: RuleSource | undefined
  /** A Unix socket of a program that gives the name. */
  readonly rewriter?: string | undefined
  /** ASCII letters of the name become lower case. */
  readonly lowercase?: boolean | undefined
  /** Where nothing has the name, something whose name differs in case alone is taken. */
  readonly anyCase?: boolean | undefined
  /** Rules in the language of atftpd's `--pcre`, for names that are missing. */
  readonly pcre?: RuleSource | undefined
}

/** `rules` with the text of their files, so that all instances of a server have the same. Throws ERR_TFTP_USAGE. */
export function withRuleTexts(rules: NameRules): NameRules {
  const { map, pcre } = rules
  return {
    ...rules,
    ...(map === undefined ? {} : { map: readRules(map) }),
    ...(pcre === undefined ? {} : { pcre: readRules(pcre) }),
  }
}

/** A name on its way: segments that lead nowhere outside, and how they came about when that is not obvious. */
export interface ResolvedName {
  readonly segments: readonly string[]
  /** What the segments were made of. */
  readonly name: string
  /** For messages: ` (as "x")` where rules changed the name. */
  readonly note: string
}

/** What `NameResolver` needs to know of a request. */
export interface NameRequest {
  readonly filename: string
  readonly address: string
  readonly direction: 'read' | 'write'
  /** First half of every message. */
  readonly failing: string
}

export class NameResolver {
  readonly anyCase: boolean
  readonly #map: NameMap | undefined
  readonly #rewriter: Rewriter | undefined
  readonly #lowercase: boolean
  readonly #fallback: FallbackRules | undefined

  /** Compiles the rules. Throws ERR_TFTP_USAGE with FILE:LINE. */
  constructor(rules: NameRules) {
    this.#map = rules.map === undefined ? undefined : new NameMap(readRules(rules.map))
    this.#rewriter = rules.rewriter === undefined ? undefined : new Rewriter(rules.rewriter)
    this.#lowercase = rules.lowercase === true
    this.#fallback = rules.pcre === undefined ? undefined : new FallbackRules(readRules(rules.pcre))
    this.anyCase = rules.anyCase === true
  }

  /** Throws or rejects with ERR_TFTP_ACCESS, ERR_TFTP_NOT_FOUND or ERR_TFTP_CONTENT. `exists` is for rules that look at files. */
  resolve(request: NameRequest, exists: Exists): ResolvedName | Promise<ResolvedName> {
    const mapped = this.#mapped(request, exists)
    const rewriter = this.#rewriter
    if (rewriter === undefined) return this.#checked(request, mapped)
    return rewriter.ask(asking(request, mapped)).then(
      (answer) => {
        if (answer === '') throw notFound(`${request.failing}: the rewriter has no name for it`)
        return this.#checked(request, fromBytes(answer))
      },
      (cause: unknown) => {
        throw rewriter.refusal(request.failing, cause)
      },
    )
  }

  /** The name to try when `name` is missing; undefined when no rule gives one. */
  fallback(request: NameRequest, { name }: ResolvedName): ResolvedName | undefined {
    const replaced = this.#fallback?.apply(toBytes(name))
    return replaced === undefined ? undefined : this.#checked(request, fromBytes(replaced.name))
  }

  close(): void {
    this.#rewriter?.close()
  }

  #mapped(request: NameRequest, exists: Exists): string {
    if (this.#map === undefined) return request.filename
    const mapped = this.#map.apply(asking(request, request.filename), exists)
    if (mapped.type === 'name') return fromBytes(mapped.name)
    const { reason, text } = mapped
    throw new ForesendError('ERR_TFTP_ACCESS', `${request.failing}: ${reason}`, {
      fault: 'content',
      wireCode: WIRE_ERROR.access,
      ...(text === undefined ? {} : { peerText: text }),
    })
  }

  /** The last step of every way: whatever made the name, it leads to nothing outside. */
  #checked(request: NameRequest, name: string): ResolvedName {
    const cased = this.#lowercase ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name
    const note = cased === request.filename ? '' : ` (as ${quoted(cased)})`
    const parsed = pathSegments(cased)
    if (parsed.ok) return { segments: parsed.value, name: cased, note }
    throw refused(`${request.failing}${note}: ${parsed.reason}`, note === '' ? 'peer' : 'content')
  }
}

function asking({ address, direction }: NameRequest, name: string): Asking {
  return { name: toBytes(name), direction, address }
}
