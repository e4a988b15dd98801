/** `foresend lab list`: what the lab has, each with one line. */
import { Command } from 'commander'
import { CLIENTS, DEVICE_FAULTS, DEVICES, faultsText, type Parameter } from '../../lab/index.ts'
import { SERVERS } from '../../lab/server/catalogue.ts'
import { STORERS } from '../../lab/storer/catalogue.ts'
import { UPLOADERS } from '../../lab/uploader/catalogue.ts'
import type { ClientName } from '../../lab/device/clients.ts'
import { type Habits, habitsOf } from '../../lab/device/habits.ts'
import { withUsual } from '../../lab/fault/catalogue.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'
import { jsonLine } from '../render/json.ts'
import { type Column, tableLines } from './render/table.ts'
import { type Style, styleFor } from '../render/style.ts'
import { countText, durationText } from '../render/units.ts'

const DESCRIPTION = `Show what the lab knows: devices, servers, faults and clients, and for \`lab run --put\` uploaders (clients that store a \
file) and storers (what they store it on).

A device is a client with faults; clients and faults are shown with their parameters and usual values. What a client does \
with a repeated block, a block ahead and its timer is found out by asking its model.`

const EXAMPLES = `
Examples:
  foresend lab list
  foresend lab list faults
  foresend lab list clients

Exit codes: 0 done, 2 usage.
`

const KINDS = 'devices, servers, faults, clients, uploaders or storers'

interface Entry {
  readonly kind: string
  readonly name: string
  readonly about: string
  /** In the form in which one types them. */
  readonly details: string
  /** What a client does, found out by asking its model. */
  readonly does?: Does
}

interface Does {
  readonly repeatedBlock: string
  readonly blockAhead: string
  readonly timer: string
  readonly givesUp: string
}

export function labListCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('list')
    .summary('show devices, servers, faults, clients, uploaders and storers')
    .description(DESCRIPTION)
    .argument('[kind]', `${KINDS} (all of them)`)
    .helpOption('-h, --help', 'print this page')
    .option('--json', 'one JSON object for each')
    .addHelpText('after', EXAMPLES)
    .action((kind: string | undefined, flags: { json?: true }) => done(labList(context, kind, flags.json === true)))
}

function labList(context: Context, kind: string | undefined, json: boolean): number {
  const groups = {
    devices: devices(),
    servers: models('server', SERVERS),
    faults: rows('fault', DEVICE_FAULTS),
    clients: rows('client', CLIENTS).map((entry) => ({ ...entry, does: doesOf(entry.name as ClientName) })),
    uploaders: models('uploader', UPLOADERS),
    storers: models('storer', STORERS),
  }
  if (kind !== undefined && !Object.hasOwn(groups, kind)) {
    throw usageError(`unknown kind ${JSON.stringify(kind)}: it is ${KINDS}`)
  }
  const shown = Object.entries(groups).filter(([name]) => kind === undefined || name === kind)
  if (json) for (const entry of shown.flatMap(([, entries]) => entries)) context.stdout.write(`${jsonLine(entry)}\n`)
  else {
    const style = styleFor(context.stdout.stream)
    for (const [index, [name, entries]] of shown.entries()) {
      const more = name === 'clients' ? ['', style.strong('what clients do'), ...doesLines(entries, style)] : []
      const text = [style.strong(name), ...lines(entries, style), ...more].join('\n')
      context.stdout.write(`${index > 0 ? '\n' : ''}${text}\n`)
    }
  }
  return 0
}

function lines(entries: readonly Entry[], style: Style): string[] {
  const columns: Column<Entry>[] = [
    { title: '', text: ({ name }) => `  ${name}` },
    { title: '', text: ({ about, details }) => (details === '' ? about : `${about}  [${details}]`) },
  ]
  return tableLines(columns, entries, style).slice(1)
}

/** A line for each client. */
function doesLines(entries: readonly Entry[], style: Style): string[] {
  const columns: Column<Entry>[] = [
    { title: '  client', text: ({ name }) => `  ${name}` },
    { title: 'repeated block', text: ({ does }) => does!.repeatedBlock },
    { title: 'block ahead', text: ({ does }) => does!.blockAhead },
    { title: 'timer', text: ({ does }) => does!.timer },
    { title: 'gives up', text: ({ does }) => does!.givesUp },
  ]
  return tableLines(columns, entries, style)
}

function doesOf(name: ClientName): Does {
  const { parameters, make } = CLIENTS[name]
  const values = withUsual(parameters, {})
  const habits = habitsOf(() => make({ sizeBytes: 0 }, values))
  return {
    repeatedBlock: habits.repeat,
    blockAhead: habits.ahead,
    timer: habits.timerMs === undefined ? 'none' : durationText(habits.timerMs),
    givesUp: givesUpText(habits),
  }
}

/** `after 10 timeouts in all, and starts again`. */
function givesUpText({ timerMs, budget, budgetOf, backsOff, givesUpMs, thenRestarts }: Habits): string {
  if (timerMs === undefined) return `after ${durationText(givesUpMs)} of silence`
  const which = backsOff ? 'in a row, each wait longer' : budgetOf === 'row' ? 'in a row' : 'in all'
  return `after ${countText(budget, 'timeout')} ${which}${thenRestarts ? ', and starts again' : ''}`
}

function devices(): Entry[] {
  return Object.values(DEVICES).map(({ name, description, client, faults }) => ({
    kind: 'device',
    name,
    about: description,
    details: `${client.model}${faults.length > 0 ? `, ${faultsText(faults)}` : ''}`,
  }))
}

function models(kind: string, table: Readonly<Record<string, { readonly summary: string }>>): Entry[] {
  return Object.entries(table).map(([name, { summary }]) => ({ kind, name, about: summary, details: '' }))
}

type Row = { readonly about: string; readonly parameters: Readonly<Record<string, Parameter>> }

function rows(kind: string, table: Readonly<Record<string, Row>>): Entry[] {
  return Object.entries(table).map(([name, { about, parameters }]) => ({
    kind,
    name,
    about,
    details: Object.entries(parameters)
      .map(([parameter, { usual }]) => `${parameter}=${usual}`)
      .join(','),
  }))
}
