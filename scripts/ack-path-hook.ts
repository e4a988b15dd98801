/**
 * Loaded before a program (`node --import`): every function of `src/` then says when it is entered and left, so that the way of
 * one packet through the files can be counted. Each thread writes its count once to standard error. See ack-path.ts.
 */
import { writeSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import MagicString from 'magic-string'
import { parseAst } from 'rolldown/parseAst'

/** Packets that are let pass before the count begins: the compiler and the window are settled then. */
const WARM = 2000
const COUNTED = 1000

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly body?: unknown
  readonly expression?: boolean
  readonly id?: { readonly name: string } | null
  readonly key?: { readonly name: string }
  readonly [key: string]: unknown
}

const names: string[] = []
const touched = new Set<number>()
let current = -1
let packets = 0
let changes = 0
/** Of the present look at a socket: what it changes counts when it brings a packet, so that a driver that spins counts for nothing. */
let files: number[] = []
/** Entries of each file, of the packets that count. */
const entries = new Map<number, number>()
let changesNow = 0
let brought = false

/** Entered: file `file`. Returns the file to go back to. */
function enter(file: number): number {
  const from = current
  if (file !== from) {
    current = file
    changesNow++
    files.push(file)
  }
  return from
}

/** The way back is no change of file. */
function leave(from: number): void {
  current = from
}

/** A driver looks at a socket. */
function look(): void {
  if (brought && packets > WARM && packets <= WARM + COUNTED) {
    changes += changesNow
    for (const file of files) {
      touched.add(file)
      entries.set(file, (entries.get(file) ?? 0) + 1)
    }
  }
  files = []
  changesNow = 0
  brought = false
}

/** A datagram of a transfer reached the endpoint. */
function packet(): void {
  brought = true
  if (++packets !== WARM + COUNTED + 1) return
  const list = [...touched].filter((file) => file >= 0)
  const lines = list.map((file) => `${((entries.get(file) ?? 0) / COUNTED).toFixed(1).padStart(5)} ${names[file]}`)
  const line = { files: list.length, changes: changes / COUNTED, names: lines.sort().reverse() }
  writeSync(2, `ACK-PATH ${JSON.stringify(line)}\n`)
}

Object.assign(globalThis, { ackPath: { enter, leave, look, packet } })

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.startsWith('file:') || !/\/src\/.*\.ts$/.test(url) || loaded.source === undefined) return loaded
    const path = fileURLToPath(url)
    const source = stripTypeScriptTypes(Buffer.from(loaded.source as Uint8Array).toString('utf8'))
    return { ...loaded, format: 'module', source: instrumented(source, path.slice(path.lastIndexOf('/src/') + 5)) }
  },
})

function instrumented(source: string, name: string): string {
  const file = names.push(name) - 1
  const text = new MagicString(source)
  const isEndpoint = name === 'endpoint/endpoint.ts'
  const isDriver = /^io\/batch[-/]socket\.ts$/.test(name)
  visit(parseAst(source) as unknown as Node, undefined, (node, parent) => {
    const { body } = node as { body?: Node }
    if (body === undefined || body === null) return
    const method = parent?.key?.name
    const packetToo = isEndpoint && method === 'handleDatagram' ? 'ackPath.packet();' : ''
    const lookToo = isDriver && method === 'receive' ? 'ackPath.look();' : ''
    const before = `{${lookToo}const $from=ackPath.enter(${file});try{${packetToo}`
    const after = '}finally{ackPath.leave($from)}}'
    if (body.type === 'BlockStatement') {
      text.appendRight(body.start, before)
      text.appendLeft(body.end, after)
    } else {
      // An arrow's expression may be an object in parentheses, which the tree does not show.
      const arrow = source.lastIndexOf('=>', body.start) + 2
      text.appendRight(arrow, `${before}return (`)
      text.appendLeft(node.end, `)${after}`)
    }
  })
  return text.toString()
}

function visit(node: Node, parent: Node | undefined, found: (node: Node, parent: Node | undefined) => void): void {
  if (/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) {
    // A generator stays open between two of its steps.
    if (node['generator'] !== true && node['async'] !== true) found(node, parent)
  }
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && 'type' in child) visit(child as Node, node, found)
    }
  }
}
