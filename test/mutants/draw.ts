/** Mutants that nobody thought of: drawn from the sources by a seed. */
import { stripTypeScriptTypes } from 'node:module'
import { parseAst } from 'rolldown/parseAst'
import { Rng } from '../../src/lab/rng.ts'
import type { Mutant } from './mutant.ts'

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

interface Change {
  readonly file: string
  readonly start: number
  readonly end: number
  readonly now: string
  readonly breaks: string
}

const TURNED: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '&&': '||',
  '||': '&&',
  '+': '-',
  '-': '+',
}

/** `count` places of `sources` (path to text), the same for the same seed and sources. */
export function drawMutants(sources: ReadonlyMap<string, string>, count: number, seed: number): Mutant[] {
  const changes = [...sources].flatMap(([file, source]) => changesOf(file, source))
  const rng = new Rng(seed, 'mutants')
  const drawn: Mutant[] = []
  while (drawn.length < count && changes.length > 0) {
    const [change] = changes.splice(rng.int(changes.length), 1)
    drawn.push(mutantOf(change, sources.get(change.file) as string))
  }
  return drawn
}

/** Types become spaces of the same length, so that places in the stripped text are those in the source. */
function changesOf(file: string, source: string): Change[] {
  const code = stripTypeScriptTypes(source)
  const found: Change[] = []
  const add = (node: { start: number; end: number }, now: string, breaks: string): void => {
    found.push({ file, start: node.start, end: node.end, now, breaks })
  }
  visit(parseAst(code) as unknown as Node, (node) => {
    if (node.type === 'BinaryExpression' || node.type === 'LogicalExpression') {
      const [left, right, operator] = [node['left'] as Node, node['right'] as Node, node['operator'] as string]
      const at = code.indexOf(operator, left.end)
      const turned = TURNED[operator]
      if (turned !== undefined && at >= 0 && at < right.start) {
        add({ start: at, end: at + operator.length }, turned, `${operator} turned`)
      }
    } else if (node.type === 'Literal' && typeof node['value'] === 'number') {
      add(node, node['value'] === 0 ? '1' : `(${code.slice(node.start, node.end)} * 2)`, 'another number')
    } else if (node.type === 'IfStatement') {
      const test = node['test'] as Node
      add(test, `!(${source.slice(test.start, test.end)})`, 'condition negated')
    } else if (node.type === 'ExpressionStatement' && (node['expression'] as Node).type === 'CallExpression') {
      add(node, ';', 'call left out')
    }
  })
  return found
}

/** A mutant is told by a piece that occurs once: the place with as much around it as that takes. */
function mutantOf({ file, start, end, now, breaks }: Change, source: string): Mutant {
  for (let around = 0; ; around += 8) {
    const from = Math.max(0, start - around)
    const to = Math.min(source.length, end + around)
    const was = source.slice(from, to)
    if (source.indexOf(was) !== from || source.includes(was, from + 1)) continue
    return { file, was, now: source.slice(from, start) + now + source.slice(end, to), breaks }
  }
}

function visit(node: Node, found: (node: Node) => void): void {
  found(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && 'type' in child) visit(child as Node, found)
    }
  }
}
