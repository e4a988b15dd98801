/**
 * How often the diagnosis is right: `node scripts/diagnosis.ts [--seeds N] [--first SEED] [--faults a,b] [--clients a,b] [--servers a,b] [--verbose]`.
 * Every fault of the lab on every client against every server, one capture each, and healthy transfers.
 */
import { parseArgs } from 'node:util'
import {
  EVALUATED_CLIENTS,
  EVALUATED_FAULTS,
  EVALUATED_SERVERS,
  type EvaluatedCase,
  evaluate,
} from '../test/diagnosis/evaluation.ts'
import type { ClientName } from '../src/lab/device/clients.ts'
import type { ServerName } from '../src/lab/index.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2' },
    first: { type: 'string', default: '1001' },
    faults: { type: 'string' },
    clients: { type: 'string' },
    servers: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const list = <T extends string>(given: string | undefined, all: readonly T[]): readonly T[] =>
  given === undefined ? all : (given.split(',') as T[])
const clients = list(values.clients, Object.keys(EVALUATED_CLIENTS) as ClientName[])
const servers = list<ServerName>(values.servers, EVALUATED_SERVERS)
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => Number(values.first) + i)

function run(fault: string): EvaluatedCase[] {
  return clients.flatMap((client) =>
    servers.flatMap((server) =>
      seeds.flatMap((seed) => {
        const done = evaluate(fault, client, server, seed)
        return done === undefined ? [] : [done]
      }),
    ),
  )
}

const percent = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`)
const all: EvaluatedCase[] = []
console.log('fault                 runs  seen   first   level  top two   first causes')
for (const fault of list(values.faults, EVALUATED_FAULTS)) {
  const done = run(fault)
  all.push(...done)
  const seen = done.filter(({ invisible }) => !invisible)
  const count = (test: (c: EvaluatedCase) => boolean): string =>
    percent(seen.filter(test).length, seen.length).padStart(7)
  const said = new Map<string, number>()
  for (const { diagnosis } of seen)
    said.set(diagnosis.causes[0]?.id ?? '(none)', (said.get(diagnosis.causes[0]?.id ?? '(none)') ?? 0) + 1)
  const words = [...said].sort((a, b) => b[1] - a[1]).map(([id, n]) => `${id} ${n}`)
  console.log(
    `${fault.padEnd(20)} ${String(done.length).padStart(5)} ${String(seen.length).padStart(5)} ${count((c) => c.first)} ${count((c) => c.level)} ${count((c) => c.topTwo)}   ${words.join(', ')}`,
  )
  if (values.verbose)
    for (const c of seen)
      if (!c.first)
        console.log(
          `    ${c.label}: ${c.diagnosis.causes.map(({ id, confidence }) => `${id} ${confidence.toFixed(2)}`).join(', ') || '(none)'}`,
        )
}
const healthy = run('none')
const seen = all.filter(({ invisible }) => !invisible)
const blamed = healthy.filter(({ diagnosis }) => diagnosis.causes.length > 0)
const known = [...all, ...healthy].filter(({ serverRight }) => serverRight !== undefined)
const left = all.length - seen.length
console.log(
  `left out             ${left} of ${all.length}: the transfer was complete, and the fault hit fewer than 3 datagrams, or fewer than 3 were repeated for it`,
)
console.log(`right first, with these ${percent(all.filter((c) => c.first).length, all.length)}`)
console.log(`right first          ${percent(seen.filter((c) => c.first).length, seen.length)} of ${seen.length}`)
console.log(`right or level       ${percent(seen.filter((c) => c.level).length, seen.length)}`)
console.log(`right in the top two ${percent(seen.filter((c) => c.topTwo).length, seen.length)}`)
console.log(`healthy blamed       ${blamed.length} of ${healthy.length}`)
for (const c of blamed.slice(0, 10)) console.log(`    ${c.label}: ${c.diagnosis.causes.map(({ id }) => id).join(', ')}`)
console.log(`holes kept silent    ${[...all, ...healthy].filter((c) => c.silentHole).length}`)
for (const c of [...all, ...healthy].filter(({ silentHole }) => silentHole).slice(0, 10)) console.log(`    ${c.label}`)
console.log(
  `server recognised    ${percent(known.filter((c) => c.serverRight).length, known.length)} of ${known.length} with a name, of ${all.length + healthy.length}; named or level ${percent(known.filter((c) => c.serverNamed).length, known.length)}`,
)

const wrong = new Map<string, number>()
for (const c of known)
  if (c.serverRight === false) {
    const key = `${c.server} as ${c.diagnosis.server?.name ?? ''}`
    wrong.set(key, (wrong.get(key) ?? 0) + 1)
  }
for (const [key, count] of [...wrong].sort((a, b) => b[1] - a[1]).slice(0, 12)) console.log(`    ${key}: ${count}`)
