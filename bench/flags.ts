/** The command line of the bench. */
import { parseArgs } from 'node:util'
import type { Case } from './cases.ts'
import { isOurs } from './figures.ts'
import type { ServerKind } from './servers.ts'

export const HELP = `Usage: npm run bench -- [flags]

Foresend with its two drivers, tftpd-hpa, atftpd and dnsmasq in turn, on loopback, server and clients on a core each, files
in memory. The clients are \`foresend bench load\`. Servers that are not installed are named and left out; dnsmasq needs root
for port 69, and so does exact counting of CPU time. A full run takes half an hour.

  --quick        under a minute, one small measurement each: shows that the bench works
  --only NAME    this case, or those whose names begin so; repeatable
  --server NAME  Foresend and this server only; repeatable
  --repeats N    measurements of each server in each case (3)
  --minutes N    that all of it may take (30): less time is fewer measurements of the slow cases, and the tables say so
  --html FILE    a page with charts that needs nothing else
  --json FILE    the figures; - prints them instead of the tables
  --write-doc    write the tables into docs/performance.md
  --render       measure nothing: take the figures of the last run
  --profile      where the time of Foresend's batch driver goes, instead of a comparison; --write-doc works with it too
  --keep         leave the folder in memory, with what the servers printed, and name it
  --list         the names of the cases
  -h, --help     this page

FORESEND_PEERS names a folder below which servers' packages were
unpacked, FORESEND_ATFTPD_DEB an atftpd package that shall be unpacked. The figures go to bench/results/latest.json as well.`

export interface Flags {
  readonly quick: boolean
  readonly keep: boolean
  readonly list: boolean
  readonly help: boolean
  readonly render: boolean
  readonly profile: boolean
  readonly writeDoc: boolean
  readonly html?: string
  readonly json?: string
  readonly repeats?: number
  readonly minutes?: number
  readonly servers: readonly ServerKind[]
  readonly cases: readonly Case[]
  /** By --only. */
  readonly chosen: boolean
}

const no = { type: 'boolean', default: false } as const
const some = { type: 'string', multiple: true, default: [] as string[] } as const

/** The flags, or what is wrong with them. */
export function readFlags(
  args: readonly string[],
  servers: readonly ServerKind[],
  cases: readonly Case[],
): Flags | string {
  let values
  try {
    values = parse(args)
  } catch (error) {
    return (error as Error).message
  }
  const { only, server, repeats, minutes, html, json } = values
  const lost = only.find((name) => !cases.some((each) => each.name.startsWith(name)))
  if (lost !== undefined) return `--only ${lost}: no such case; there are ${cases.map(({ name }) => name).join(', ')}`
  const unknown = server.find((name) => !servers.some((kind) => kind.name === name))
  if (unknown !== undefined) {
    return `--server ${unknown}: no such server; there are ${servers.map(({ name }) => name).join(', ')}`
  }
  if (repeats !== undefined && !/^[1-9]\d{0,2}$/.test(repeats))
    return `--repeats ${repeats} is not a number from 1 to 999`
  if (minutes !== undefined && !/^[1-9]\d{0,2}$/.test(minutes))
    return `--minutes ${minutes} is not a number from 1 to 999`
  return {
    quick: values.quick,
    keep: values.keep,
    list: values.list,
    help: values.help,
    render: values.render,
    profile: values.profile,
    writeDoc: values['write-doc'],
    ...(html === undefined ? {} : { html }),
    ...(json === undefined ? {} : { json }),
    ...(repeats === undefined ? {} : { repeats: Number(repeats) }),
    ...(minutes === undefined ? {} : { minutes: Number(minutes) }),
    servers: server.length === 0 ? servers : servers.filter(({ name }) => isOurs(name) || server.includes(name)),
    cases: only.length === 0 ? cases : cases.filter((each) => only.some((name) => each.name.startsWith(name))),
    chosen: only.length > 0,
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      quick: no,
      keep: no,
      list: no,
      help: { ...no, short: 'h' },
      render: no,
      profile: no,
      'write-doc': no,
      html: { type: 'string' },
      json: { type: 'string' },
      repeats: { type: 'string' },
      minutes: { type: 'string' },
      only: some,
      server: some,
    },
  }).values
}
