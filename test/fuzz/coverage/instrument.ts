/**
 * Counts how often each block of the code under test runs. Loaded before that code: a load hook puts a counter at the start of every
 * function, branch, loop body, case, and operand that may be left out.
 */
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import MagicString from 'magic-string'
import { parseAst } from 'rolldown/parseAst'

/** More blocks than the three folders have. */
const MOST_BLOCKS = 16_384
const UNDER_TEST = /\/src\/(packet|transfer|endpoint)\/(?!.*\.test\.ts$).*\.ts$/

/** Where a block begins. */
export interface Place {
  /** Below `src/`. */
  readonly file: string
  readonly line: number
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** How often each block ran since the last `fill(0)`, by its place in `places`. */
export const hits = new Uint32Array(MOST_BLOCKS)
export const places: Place[] = []

Object.assign(globalThis, { fuzzHits: hits })

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.startsWith('file:') || !UNDER_TEST.test(url) || loaded.source === undefined) return loaded
    const path = fileURLToPath(url)
    const source = stripTypeScriptTypes(Buffer.from(loaded.source as Uint8Array).toString('utf8'))
    return { ...loaded, format: 'module', source: instrumented(source, path.slice(path.lastIndexOf('/src/') + 5)) }
  },
})

/** Exported for its test. */
export function instrumented(source: string, file: string): string {
  const text = new MagicString(source)
  const counter = (at: number): string => {
    const line = source.slice(0, at).split('\n').length
    if (places.length === MOST_BLOCKS) throw new Error(`more than ${MOST_BLOCKS} blocks: raise the limit`)
    return `$h[${places.push({ file, line }) - 1}]++`
  }
  // Outer nodes come first: what begins at the same place goes inside, and what ends there ends before.
  const statement = (node: Node): void => {
    if (node.type === 'BlockStatement') text.appendLeft(node.start + 1, `${counter(node.start)};`)
    else wrap(node, '{', ';', '}')
  }
  const expression = (node: Node): void => wrap(node, '(', ',', ')')
  const wrap = (node: Node, open: string, joint: string, close: string): void => {
    text.appendRight(node.start, `${open}${counter(node.start)}${joint}`)
    text.prependLeft(node.end, close)
  }
  visit(parseAst(source) as unknown as Node, (node) => {
    const part = (key: string): Node | null | undefined => node[key] as Node | null | undefined
    const body = part('body')
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        if (body?.type === 'BlockStatement') statement(body)
        else if (body !== null && body !== undefined) expression(body)
        break
      case 'ForStatement':
      case 'ForOfStatement':
      case 'ForInStatement':
      case 'WhileStatement':
      case 'CatchClause':
        if (body !== null && body !== undefined) statement(body)
        break
      case 'IfStatement':
        for (const branch of [part('consequent'), part('alternate')])
          if (branch !== null && branch !== undefined) statement(branch)
        break
      case 'SwitchCase': {
        const [first] = node['consequent'] as Node[]
        if (first !== undefined) text.appendRight(first.start, `${counter(first.start)};`)
        break
      }
      case 'ConditionalExpression':
        expression(part('consequent') as Node)
        expression(part('alternate') as Node)
        break
      case 'LogicalExpression':
        expression(part('right') as Node)
    }
  })
  return text.prepend('const $h=globalThis.fuzzHits;').toString()
}

function visit(node: Node, found: (node: Node) => void): void {
  found(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && 'type' in child) visit(child as Node, found)
    }
  }
}
