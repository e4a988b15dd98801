/** Applies the rules of a map file to a name, top-down, as tftp-hpa does. */
import { NAME_MAX_BYTES } from '../names.ts'
import { type Asking, type ClientAddress, clientAddress } from './client.ts'
import { type MapFile, parseMapFile, type Rule, type RuleFile } from './map-file.ts'
import type { Match } from './pattern.ts'

/** Searches for one request, as in tftp-hpa: rules that call each other in a circle end here. */
const STEPS_MAX = 4096
/**
 * Bound on what all searches for one request may cost: instructions of a pattern times bytes of the name. At 60 ns each, the most that was
 * seen, these are 120 ms; mostly it is a tenth of that.
 */
const WORK_MAX = 2_000_000
/** Results that are kept: clients in a rack ask for the same few names. */
const KEPT_MAX = 1024

/** What a rule did with a name. */
export interface Step {
  readonly rule: Rule
  readonly matched: boolean
  readonly before: string
  readonly after: string
  /** What follows: the next rule, the end, the first rule again, a label, or `undone` where E found no such file. */
  readonly outcome: 'next' | 'end' | 'restart' | 'jump' | 'abort' | 'undone'
}

export type Mapped =
  | { readonly type: 'name'; readonly name: string }
  /** `text` is for the peer: that of the rule, or undefined when it has none. */
  | { readonly type: 'refused'; readonly reason: string; readonly text: string | undefined }

/** Whether `name` could be transferred, for rules with E. */
export type Exists = (name: string) => boolean

export class NameMap {
  readonly #file: string
  readonly #rules: readonly Rule[]
  readonly #labels: ReadonlyMap<string, number>
  readonly #usesClient: boolean
  readonly #usesFiles: boolean
  readonly #kept = new Map<string, Mapped>()

  /** Throws ERR_TFTP_USAGE with FILE:LINE. */
  constructor(source: RuleFile) {
    const { rules, labels }: MapFile = parseMapFile(source)
    this.#file = source.file
    this.#rules = rules
    this.#labels = labels
    this.#usesClient = rules.some(({ replacement }) => replacement.usesClient)
    this.#usesFiles = rules.some(({ operations }) => operations.has('E'))
  }

  /** `trace` gets every rule that was tried. Names are bytes as latin1. */
  apply(asking: Asking, exists: Exists, trace?: (step: Step) => void): Mapped {
    const client = clientAddress(asking.address)
    if (trace !== undefined || this.#usesFiles)
      return new Run(this.#file, this.#rules, this.#labels, asking, client, exists, trace).run()
    const key = `${asking.direction}${client.family}${this.#usesClient ? client.hex : ''} ${asking.name}`
    const known = this.#kept.get(key)
    if (known !== undefined) return known
    const mapped = new Run(this.#file, this.#rules, this.#labels, asking, client, exists).run()
    if (this.#kept.size >= KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value as string)
    this.#kept.set(key, mapped)
    return mapped
  }
}

/** One request on its way through the rules. */
class Run {
  readonly #file: string
  readonly #rules: readonly Rule[]
  readonly #labels: ReadonlyMap<string, number>
  readonly #asking: Asking
  readonly #client: ClientAddress
  readonly #exists: Exists
  readonly #trace: ((step: Step) => void) | undefined
  #name: string
  #steps = 0
  #work = 0

  constructor(
    file: string,
    rules: readonly Rule[],
    labels: ReadonlyMap<string, number>,
    asking: Asking,
    client: ClientAddress,
    exists: Exists,
    trace?: (step: Step) => void,
  ) {
    this.#file = file
    this.#rules = rules
    this.#labels = labels
    this.#asking = asking
    this.#client = client
    this.#exists = exists
    this.#trace = trace
    this.#name = asking.name
  }

  run(): Mapped {
    try {
      for (let at = 0; at < this.#rules.length; ) {
        const rule = this.#rules[at]
        const next = this.#applies(rule) ? this.#execute(rule, at) : at + 1
        if (typeof next !== 'number') return next
        at = next
      }
      return { type: 'name', name: this.#name }
    } catch (error) {
      if (error instanceof Stuck) return { type: 'refused', reason: error.message, text: 'Remap table failure' }
      throw error
    }
  }

  #applies({ operations }: Rule): boolean {
    if (operations.has('G') && this.#asking.direction !== 'read') return false
    if (operations.has('P') && this.#asking.direction !== 'write') return false
    if (operations.has('4') && this.#client.family !== 4) return false
    return !(operations.has('6') && this.#client.family !== 6)
  }

  /** Where to go on in the rules, or the end. */
  #execute(rule: Rule, at: number): number | Mapped {
    const { operations, replacement } = rule
    const before = this.#name
    const match = this.#find(rule, before, 0)
    const note = (matched: boolean, outcome: Step['outcome']): void =>
      this.#trace?.({ rule, matched, before, after: this.#name, outcome })
    if (operations.has('~') === (match !== undefined)) {
      note(false, 'next')
      return at + 1
    }
    if (match !== undefined && operations.has('r')) this.#name = this.#rewritten(rule, match)
    if (operations.has('E')) {
      const isFile = this.#exists(this.#name)
      if (!isFile) this.#name = before
      note(true, isFile ? 'end' : 'undone')
      return isFile ? { type: 'name', name: this.#name } : at + 1
    }
    if (operations.has('a')) {
      note(true, 'abort')
      const text = replacement.expand(before, match, this.#client)
      return { type: 'refused', reason: `${this.#place(rule)} refuses it`, text: text === '' ? undefined : text }
    }
    if (operations.has('e')) {
      note(true, 'end')
      return { type: 'name', name: this.#name }
    }
    if (operations.has('s')) {
      note(true, 'restart')
      return 0
    }
    if (operations.has('j')) {
      note(true, 'jump')
      return this.#target(rule, replacement.expand(before, match, this.#client))
    }
    note(true, 'next')
    return at + 1
  }

  #target(rule: Rule, label: string): number {
    const at = this.#labels.get(label)
    if (at !== undefined) return at
    throw new Stuck(
      `${this.#place(rule)} jumps to the label "${label}", which is not in the file; add a line :${label}`,
    )
  }

  /** The name with the match replaced, and with `g` or `gg` all others too. */
  #rewritten(rule: Rule, first: Match): string {
    const { operations, replacement } = rule
    let name = this.#name
    for (let match: Match | undefined = first; match !== undefined; ) {
      const [begin, end] = match[0]
      const head = name.slice(0, begin) + replacement.expand(name, match, this.#client)
      name = head + name.slice(end)
      if (name.length > NAME_MAX_BYTES) {
        throw new Stuck(`${this.#place(rule)} makes the name longer than ${NAME_MAX_BYTES} bytes; correct the rule`)
      }
      if (!operations.has('g')) return name
      const from = operations.has('gg') ? head.length : 0
      if (operations.has('gg') && from >= name.length) return name
      match = this.#find(rule, name, from)
    }
    return name
  }

  #find(rule: Rule, name: string, from: number): Match | undefined {
    this.#steps++
    this.#work += rule.pattern.size * (name.length + 1)
    if (this.#steps > STEPS_MAX) {
      throw new Stuck(
        `the rules of ${this.#file} come to no end after ${STEPS_MAX} steps, the last at ${this.#place(rule)}; look for rules that repeat themselves`,
      )
    }
    if (this.#work > WORK_MAX) {
      throw new Stuck(
        `the rules of ${this.#file} take too long for this name, the last at ${this.#place(rule)}; use fewer repetitions`,
      )
    }
    return rule.pattern.find(name, from)
  }

  #place({ line }: Rule): string {
    return `${this.#file}:${line}`
  }
}

/** The rules have no answer for a name. */
class Stuck extends Error {}
