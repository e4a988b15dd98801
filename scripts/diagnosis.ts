/**
 * How often the diagnosis is right: `node scripts/diagnosis.ts [--seeds N] [--first SEED] [--faults a,b] [--clients a,b] [--servers a,b] [--verbose]`.
 * Every fault of the lab on every client against every server, one capture each, and healthy transfers on good and on slow links.
 */
import { parseArgs } from 'node:util'
import {
  EVALUATED_CLIENTS,
  EVALUATED_FAULTS,
  EVALUATED_LINKS,
  EVALUATED_SERVERS,
  type EvaluatedCase,
  evaluate,
  type LinkName,
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
/** Faults of a server: some send without end on a link that is slower than they expect. */
const OF_SERVER: ReadonlySet<string> = new Set(['sorcerers-apprentice', 'server-silent'])
/** Lines of the table of confusions. */
const MOST_LINES = 60

function run(fault: string, link?: LinkName): EvaluatedCase[] {
  return clients.flatMap((client) =>
    servers.flatMap((server) =>
      seeds.flatMap((seed) => {
        const done = evaluate(fault, client, server, seed, link)
        return done === undefined ? [] : [done]
      }),
    ),
  )
}

const percent = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`)
const saidOf = ({ diagnosis }: EvaluatedCase): string => diagnosis.causes[0]?.id ?? '(none)'

/** `a 3, b 2`: how often each comes, the most frequent first. */
function counted(names: Iterable<string>): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([name, n]) => `${name} ${n}`)
    .join(', ')
}

const all: EvaluatedCase[] = []
console.log('fault                 runs  seen   first   level  top two   first causes')
for (const fault of list(values.faults, EVALUATED_FAULTS)) {
  const done = run(fault)
  all.push(...done)
  const seen = done.filter(({ invisible }) => !invisible)
  const count = (test: (c: EvaluatedCase) => boolean): string =>
    percent(seen.filter(test).length, seen.length).padStart(7)
  const hit = seen.filter(({ isBothHit }) => isBothHit)
  const ofHit = `of the ${hit.length} in which both directions lost a packet ${percent(hit.filter((c) => c.both).length, hit.length)}`
  const both = fault === 'both-losses' ? `; both named ${count((c) => c.both)}, ${ofHit}` : ''
  console.log(
    `${fault.padEnd(20)} ${String(done.length).padStart(5)} ${String(seen.length).padStart(5)} ${count((c) => c.first)} ${count((c) => c.level)} ${count((c) => c.topTwo)}   ${counted(seen.map(saidOf))}${both}`,
  )
  if (values.verbose)
    for (const c of seen)
      if (!c.first)
        console.log(
          `    ${c.label}${c.alike ? ', the same packets' : ''}${c.level ? ', level' : ''}: ${c.diagnosis.causes.map(({ id, confidence }) => `${id} ${confidence.toFixed(2)}`).join(', ') || '(none)'}`,
        )
}
const seen = all.filter(({ invisible }) => !invisible)

console.log('\nwhere it is wrong: fault and client, right first of all, what is said instead')
const cells = [...Map.groupBy(seen, ({ fault, client }) => `${fault} of ${client}`)]
  .map(([name, cases]) => ({ name, cases, wrong: cases.filter(({ first }) => !first) }))
  .filter(({ wrong }) => wrong.length > 0)
  .sort((a, b) => b.wrong.length - a.wrong.length)
for (const { name, cases, wrong } of cells.slice(0, MOST_LINES))
  console.log(
    `    ${name.padEnd(34)} ${String(cases.length - wrong.length).padStart(3)} of ${String(cases.length).padStart(3)}   ${counted(wrong.map(saidOf))}`,
  )
console.log('')

const healthy = (Object.keys(EVALUATED_LINKS) as LinkName[]).flatMap((link) => run('none', link))
const known = [...all, ...healthy].filter(({ serverRight }) => serverRight !== undefined)
const left = all.length - seen.length
console.log(
  `left out             ${left} of ${all.length}: the transfer was complete, and the fault hit fewer than 3 datagrams, or fewer than 3 were repeated for it`,
)
console.log(`right first, with these ${percent(all.filter((c) => c.first).length, all.length)}`)
console.log(`right first          ${percent(seen.filter((c) => c.first).length, seen.length)} of ${seen.length}`)
const alike = seen.filter((c) => c.alike)
console.log(
  `cannot be told apart ${alike.length} of ${seen.filter(({ first }) => !first).length} that are not first: the answer, played in place of the fault, makes the same packets; level in ${alike.filter((c) => c.level).length}`,
)
for (const [key, cases] of [...Map.groupBy(alike, (c) => `${c.fault} as ${saidOf(c)}`)].sort(
  (a, b) => b[1].length - a[1].length,
))
  console.log(`    ${key}: ${cases.length}`)
console.log(
  `right first or alike ${percent(seen.filter((c) => c.first || c.alike).length, seen.length)}; in the top two or alike ${percent(seen.filter((c) => c.topTwo || c.alike).length, seen.length)}`,
)
console.log(`right or level       ${percent(seen.filter((c) => c.level).length, seen.length)}`)
console.log(`right in the top two ${percent(seen.filter((c) => c.topTwo).length, seen.length)}`)
for (const [link, cases] of Map.groupBy(healthy, (c) => c.link)) {
  const blamed = cases.filter(({ diagnosis }) => diagnosis.causes.some(({ id }) => !OF_SERVER.has(id)))
  const flooded = cases.filter(({ diagnosis }) => diagnosis.causes.some(({ id }) => OF_SERVER.has(id)))
  console.log(
    `healthy blamed       ${blamed.length} of ${cases.length} on a link that is ${link}; its server in ${flooded.length}`,
  )
  for (const c of blamed.slice(0, values.verbose ? blamed.length : 10))
    console.log(`    ${c.label}: ${c.diagnosis.causes.map(({ id }) => id).join(', ')}`)
}
const silent = [...all, ...healthy].filter(({ silentHole }) => silentHole)
console.log(`holes kept silent    ${silent.length}`)
for (const c of silent.slice(0, 10)) console.log(`    ${c.label}`)
console.log(
  `server recognised    ${percent(known.filter((c) => c.serverRight).length, known.length)} of ${known.length} with a name, of ${all.length + healthy.length}; named or level ${percent(known.filter((c) => c.serverNamed).length, known.length)}`,
)
const wrongServers = known.filter((c) => c.serverRight === false)
for (const [key, cases] of [...Map.groupBy(wrongServers, (c) => `${c.server} as ${c.diagnosis.server?.name ?? ''}`)]
  .sort((a, b) => b[1].length - a[1].length)
  .slice(0, 12))
  console.log(`    ${key}: ${cases.length}`)
