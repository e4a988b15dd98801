/** Tries names that should lead nowhere outside, to read and to store, as they are and as rules make them of harmless ones. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { OpenRequest, Store } from '../../src/content/contract.ts'
import { openFolder } from '../../src/content/folder.ts'
import type { NameRules } from '../../src/content/name-rules.ts'
import { fromBytes } from '../../src/content/remap/bytes.ts'
import { ForesendError } from '../../src/error.ts'
import { INSIDE, SECRET, type TrickFolder } from './path-tricks.ts'

export interface TrickReport {
  /** Requests to read and to store. */
  tried: number
  /** Served or stored inside. */
  inside: number
  refused: number
  /** A line for each that got out, or failed in a way that none should. */
  readonly out: string[]
}

/** Rules of one map: each request passes through all of them. */
const RULES = 40

type Trial = (tricks: readonly string[]) => { rules: NameRules; names: readonly string[] }

/** Ways from a harmless name to a trick. */
const WAYS: Readonly<Record<string, Trial>> = {
  'as they are asked': (tricks) => ({ rules: {}, names: tricks }),
  'in any case': (tricks) => ({ rules: { anyCase: true }, names: tricks }),
  'in lower case': (tricks) => ({ rules: { lowercase: true }, names: tricks }),
  'made by a map file': (tricks) => ({
    rules: { map: { file: 'm', text: tricks.map((trick, i) => `re ^trick-${i}$ ${field(trick)}`).join('\n') } },
    names: tricks.map((_, i) => `trick-${i}`),
  }),
  'decoded by a map file': (tricks) => ({
    rules: { map: { file: 'm', text: 'rg %2e .\nrg %2f /\nrg %5c /\nrg @ ..\nr ^up/ ../../\nrg \\\\ /\nrg xx ..\n' } },
    names: tricks.flatMap((trick) => [trick, trick.replaceAll('..', '@'), trick.replaceAll('..', 'xx')]),
  }),
  'made by --pcre': (tricks) => ({
    rules: {
      pcre: {
        file: 'p',
        text: tricks
          .map((trick, i) => `^trick-${i}$ ${trick.replaceAll(/\s/g, '').replaceAll('$', '') || 'x'}`)
          .join('\n'),
      },
    },
    names: tricks.map((_, i) => `trick-${i}`),
  }),
}
export const WAY_NAMES: readonly string[] = [...Object.keys(WAYS), 'given by a program']

export async function tryTricks(folder: TrickFolder, way: string, tricks: readonly string[]): Promise<TrickReport> {
  const report: TrickReport = { tried: 0, inside: 0, refused: 0, out: [] }
  const before = JSON.stringify(outside(folder))
  if (way === 'given by a program') await tryRewriter(folder, tricks, report)
  else
    for (let i = 0; i < tricks.length; i += RULES) await tryWay(folder, WAYS[way](tricks.slice(i, i + RULES)), report)
  if (JSON.stringify(outside(folder)) !== before) report.out.push(`${way}: something outside changed`)
  return report
}

async function tryWay(folder: TrickFolder, { rules, names }: ReturnType<Trial>, report: TrickReport): Promise<void> {
  const store = await openFolder({
    roots: [folder.root],
    writable: true,
    overwrite: true,
    names: rules,
    listing: 'dir.txt',
  })
  for (const name of names) {
    judge(name, await read(store, fromBytes(name)), report)
    // Those rules are for reading alone: a file of the harmless name would be there from then on.
    if (rules.pcre === undefined) judge(name, await write(store, fromBytes(name)), report)
  }
  store.close()
}

async function tryRewriter(folder: TrickFolder, tricks: readonly string[], report: TrickReport): Promise<void> {
  const path = join(folder.base, 'rewrite.sock')
  const server = createServer((socket) => {
    socket.setEncoding('latin1').on('data', (text: string) => {
      for (const [, i] of text.matchAll(/trick-(\d+)\n/g))
        socket.write(`${tricks[Number(i)].replace(/\n/g, '')}\n`, 'latin1')
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  await tryWay(folder, { rules: { rewriter: path }, names: tricks.map((_, i) => `trick-${i}`) }, report)
  await new Promise((resolve) => server.close(resolve))
}

function judge(name: string, answer: string, report: TrickReport): void {
  report.tried++
  if (answer.includes(SECRET) || /root:|secret/i.test(answer) || answer === 'ERR_TFTP_INTERNAL') {
    report.out.push(`${JSON.stringify(name)}: ${answer.slice(0, 100)}`)
  } else if (answer.startsWith('ERR_')) {
    report.refused++
  } else {
    report.inside++
  }
}

/** Everything outside of the root, with its content. */
export function outside({ base, root }: TrickFolder, path = base): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(path)) {
    const full = join(path, name)
    const stat = lstatSync(full)
    if (full === root || stat.isSocket()) continue
    if (stat.isDirectory()) Object.assign(found, { [full]: 'folder' }, outside({ base, root }, full))
    else found[full] = stat.isSymbolicLink() ? readlinkSync(full) : readFileSync(full, 'utf8')
  }
  return found
}

const asked = (filename: string): OpenRequest => ({ filename, mode: 'octet', address: '10.0.0.1' })

/** What is served for the name, or the code of the refusal. */
async function read(store: Store, name: string): Promise<string> {
  return answered(async () => {
    const image = await store.openRead(asked(name))
    const bytes = Buffer.alloc(Math.min(image.sizeBytes, 4096))
    image.read(0, bytes, 0, bytes.length)
    image.close()
    return bytes.toString('latin1')
  })
}

async function write(store: Store, name: string): Promise<string> {
  return answered(async () => {
    const upload = await store.openWrite(asked(name))
    upload.write(Buffer.from(INSIDE), 0, INSIDE.length)
    await upload.finish()
    return INSIDE
  })
}

async function answered(request: () => Promise<string>): Promise<string> {
  try {
    return await request()
  } catch (error) {
    if (error instanceof ForesendError) return error.code
    throw error
  }
}

/** A map file's field that means these bytes; a rule is one line. */
function field(text: string): string {
  return text.replace(/[\n\r]/g, '').replace(/[\\#\s]/g, '\\$&')
}
