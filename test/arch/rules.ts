/** The floor rules of ARCHITECTURE.md, checked on a map from path to source text, so that they can be tried on any tree. */
import { posix } from 'node:path'
import { blankTexts, type Import, importsOf } from './imports.ts'

/** Path below the root, with forward slashes, to the text of the file. */
export type Tree = ReadonlyMap<string, string>

/** A folder below src/ and its floor. A module imports from its own folder and from lower floors. */
export const FLOORS: ReadonlyMap<string, number> = new Map([
  ['error.ts', 0],
  ['packet', 0],
  ['transfer', 1],
  ['endpoint', 1],
  ['profile', 1],
  ['lab', 2],
  ['capture', 2],
  ['give-way.ts', 3],
  ['make-folder.ts', 3],
  ['own-files.ts', 3],
  ['small-file.ts', 3],
  ['thread-file.ts', 3],
  ['io', 3],
  ['content', 3],
  ['history', 3],
  ['server', 4],
  ['client', 4],
  ['load', 4],
  ['lab-live', 4],
  ['rescue', 4],
  ['control', 5],
  ['cli', 6],
])

/** Imports across one floor that are meant. */
export const SIDEWAYS: ReadonlySet<string> = new Set([
  'endpoint > transfer',
  'profile > transfer',
  'profile > endpoint',
  'packet > error.ts',
  'capture > lab',
  'thread-file.ts > own-files.ts',
  'content > own-files.ts',
  'content > small-file.ts',
  'content > make-folder.ts',
  'io > thread-file.ts',
  'io > give-way.ts',
  'io > make-folder.ts',
  'history > give-way.ts',
  'history > make-folder.ts',
  'history > thread-file.ts',
])

/** Floors up to this one are pure: no clock, timer, socket, file, randomness, Node module or package. */
export const LAST_PURE_FLOOR = 2

/** A file is one concept with one entry, whatever its length. More lines than this are probably two concepts. */
export const ALARM_LINES = 600

const IMPURE =
  /(?<![.\w$#'"])(Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|process|Buffer|crypto|fetch|console|Worker|WebSocket)\b(?!\s*\??:)|\bMath\s*\.\s*random\b/

/** One line for each broken rule: where, what, and why it matters. */
export function violations(tree: Tree): string[] {
  const found: string[] = []
  for (const [path, source] of tree) {
    const lines = source.split('\n').length - 1
    if (lines > ALARM_LINES) found.push(`${path}: ${lines} lines, more than ${ALARM_LINES}: is it still one concept?`)
    found.push(...privateKeywords(path, source))
    // Tests may use what they need; what they test may not.
    if (isTest(path) || !path.startsWith('src/')) continue
    found.push(...floorViolations(path, importsOf(source)), ...purityViolations(path, source))
  }
  return [...found, ...missingTargets(tree), ...cycles(tree)]
}

function floorViolations(path: string, imports: readonly Import[]): string[] {
  const home = homeOf(path)
  const floor = FLOORS.get(home)
  if (floor === undefined) return [`${path}: src/${home} has no floor: give it one in test/arch/rules.ts`]
  return imports.flatMap(({ specifier }) => {
    if (!specifier.startsWith('.')) {
      if (floor > LAST_PURE_FLOOR) return []
      return [`${path}: imports ${specifier}, but floors 0 to ${LAST_PURE_FLOOR} import no Node module and no package`]
    }
    const target = homeOf(resolve(path, specifier))
    const targetFloor = FLOORS.get(target)
    if (target === home || SIDEWAYS.has(`${home} > ${target}`)) return []
    if (targetFloor !== undefined && targetFloor < floor) return []
    return [
      `${path}: imports ${specifier}, but ${home} is on floor ${floor} and ${target} on floor ${targetFloor ?? 'none'}`,
    ]
  })
}

function purityViolations(path: string, source: string): string[] {
  if ((FLOORS.get(homeOf(path)) ?? 0) > LAST_PURE_FLOOR) return []
  const code = blankTexts(source).split('\n')
  return code.flatMap((line, index) => {
    const match = IMPURE.exec(line)
    return match === null ? [] : [`${path}:${index + 1}: uses ${match[0]}, but floors 0 to ${LAST_PURE_FLOOR} are pure`]
  })
}

/** The keyword is only checked by the compiler, `#name` by the runtime as well. A constructor can only have the keyword. */
function privateKeywords(path: string, source: string): string[] {
  const code = blankTexts(source).split('\n')
  return code.flatMap((line, index) => {
    const match = /(?:^|[{;])\s*private\s+(?!constructor\b)/.exec(line)
    return match === null ? [] : [`${path}:${index + 1}: write #name in place of the keyword private`]
  })
}

function missingTargets(tree: Tree): string[] {
  return edges(tree).flatMap(([from, to]) =>
    tree.has(to) || !to.endsWith('.ts') ? [] : [`${from}: imports ${to}, which is not there`],
  )
}

/** Imports of types count: a circle of them is two files that can only be read together. */
function cycles(tree: Tree): string[] {
  const targets = new Map<string, string[]>()
  for (const [from, to] of edges(tree)) targets.set(from, [...(targets.get(from) ?? []), to])
  const state = new Map<string, 'open' | 'done'>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return
    if (state.get(path) === 'open') {
      found.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' > ')}`)
      return
    }
    state.set(path, 'open')
    for (const next of targets.get(path) ?? []) visit(next, [...trail, path])
    state.set(path, 'done')
  }
  for (const path of targets.keys()) visit(path, [])
  return found
}

function edges(tree: Tree): [string, string][] {
  return [...tree].flatMap(([path, source]) =>
    isTest(path) || !path.startsWith('src/')
      ? []
      : importsOf(source)
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }): [string, string] => [path, resolve(path, specifier)]),
  )
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

function resolve(path: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(path), specifier))
}

/** `packet` for src/packet/a/b.ts, `error.ts` for src/error.ts, the path itself outside src. */
function homeOf(path: string): string {
  return path.startsWith('src/') ? (path.split('/')[1] ?? '') : path
}
