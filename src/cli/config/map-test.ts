/** `foresend config map-test`: shows what each rule of a map file does with a name, without a server. */
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import ipaddr from 'ipaddr.js'
import { quoted } from '../../content/errors.ts'
import { locate } from '../../content/inside-root.ts'
import { pathSegments } from '../../content/names.ts'
import { fromBytes, toBytes } from '../../content/remap/bytes.ts'
import { NameMap, type Step } from '../../content/remap/name-map.ts'
import { FallbackRules } from '../../content/remap/pcre-file.ts'
import { readRules } from '../../content/remap/read-rules.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'

const DESCRIPTION = `Show what each rule of a map file does with a name, step by step, and which file would be served in the end.

The file is in the language of tftp-hpa (\`serve --map\`), or with --pcre in that of atftpd (\`serve --pcre\`).`

const EXAMPLES = `
Examples:
  foresend config map-test /etc/tftpd.rules 'boot\\vmlinuz' /tftpboot/pxelinux.0
  foresend config map-test /etc/tftpd.rules config.bin --put --client 192.168.1.20
  foresend config map-test /etc/tftpd.rules pxelinux.cfg/default --root /srv/tftp

Exit codes: 0 each name leads to one that may be served, 1 one does not, 2 a mistake in the file or a flag.
`

interface MapTestFlags {
  readonly put?: true
  readonly client: string
  readonly root?: string
  readonly pcre?: true
}

export function mapTestCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('map-test')
    .summary('show what the rules of a map file do with names')
    .description(DESCRIPTION)
    .argument('<file>', 'map file')
    .argument('<name...>', 'names as devices ask for them')
    .usage('FILE NAME… [flags]')
    .option('--put', 'the device stores the file, it does not fetch it')
    .option('--client <ADDR>', 'address of the device', '192.0.2.1')
    .option('--root <DIR>', 'folder that is served: for rules with E, and to say whether the file is there')
    .option('--pcre', "the file has the rules of atftpd's --pcre")
    .helpOption('-h, --help', 'print this page')
    .addHelpText('after', EXAMPLES)
    .action((file: string, names: string[], flags: MapTestFlags) => done(mapTest(context, file, names, flags)))
}

function mapTest(context: Context, file: string, names: readonly string[], flags: MapTestFlags): number {
  if (!ipaddr.isValid(flags.client))
    throw usageError(`--client ${flags.client} is no address; give one such as 192.168.1.20`)
  const root = flags.root === undefined ? undefined : rootOf(flags.root)
  const tryName = flags.pcre === true ? fallbackTrial(file) : mapTrial(file, flags, root)
  let code: number = EXIT.done
  for (const name of names) {
    const trial = tryName(name)
    const { text, isGood } = verdictOf(trial, root)
    if (!isGood) code = EXIT.failed
    const lines = [quoted(name), ...trial.steps.map((step) => `  ${step}`), `  ${text}`]
    context.stdout.write(lines.map((line) => `${line}\n`).join(''))
  }
  return code
}

/** What became of a name. */
interface Trial {
  readonly steps: readonly string[]
  /** Undefined when the rules refuse it. */
  readonly name: string | undefined
  readonly refusal: string
}

function mapTrial(file: string, { put, client }: MapTestFlags, root: string | undefined): (name: string) => Trial {
  const map = new NameMap(readRules({ file }))
  return (name) => {
    const steps: string[] = []
    const asking = {
      name: toBytes(name),
      direction: put === true ? ('write' as const) : ('read' as const),
      address: client,
    }
    const mapped = map.apply(
      asking,
      (wanted) => isThere(root, fromBytes(wanted)),
      (step) => steps.push(stepText(step)),
    )
    if (mapped.type === 'name') return { steps, name: fromBytes(mapped.name), refusal: '' }
    const sent = mapped.text === undefined ? '' : `; the device gets ${quoted(fromBytes(mapped.text))}`
    return { steps, name: undefined, refusal: `${mapped.reason}${sent}` }
  }
}

function fallbackTrial(file: string): (name: string) => Trial {
  const rules = new FallbackRules(readRules({ file }))
  return (name) => {
    const replaced = rules.apply(toBytes(name))
    if (replaced === undefined) return { steps: [], name: undefined, refusal: 'no rule matches, so it stays missing' }
    const after = fromBytes(replaced.name)
    return {
      steps: [`line ${replaced.line}: ${replaced.text}: ${quoted(name)} -> ${quoted(after)}`],
      name: after,
      refusal: '',
    }
  }
}

const OUTCOMES: Readonly<Record<Step['outcome'], string>> = {
  next: '',
  end: ', the end',
  restart: ', from the first rule again',
  jump: ', jumps',
  abort: ', refused',
  undone: ', undone: there is no such file',
}

function stepText({ rule, matched, before, after, outcome }: Step): string {
  const [from, to] = [quoted(fromBytes(before)), quoted(fromBytes(after))]
  const what = !matched ? 'does not apply' : before === after ? `applies to ${from}` : `${from} -> ${to}`
  return `line ${rule.line}: ${rule.text}: ${what}${OUTCOMES[outcome]}`
}

function verdictOf({ name, refusal }: Trial, root: string | undefined): { text: string; isGood: boolean } {
  if (name === undefined) return { text: `refused: ${refusal}`, isGood: false }
  const parsed = pathSegments(name)
  if (!parsed.ok) return { text: `refused: ${quoted(name)}: ${parsed.reason}`, isGood: false }
  const path = quoted(parsed.value.join('/'))
  if (root === undefined) return { text: `served: ${path}`, isGood: true }
  const isFile = isThere(root, name)
  return { text: isFile ? `served: ${path}` : `missing: ${path} is not in ${quoted(root)}`, isGood: isFile }
}

function isThere(root: string | undefined, name: string): boolean {
  const parsed = pathSegments(name)
  if (root === undefined || !parsed.ok) return false
  try {
    return locate(root, parsed.value, '')?.stat.isFile() === true
  } catch {
    return false
  }
}

function rootOf(folder: string): string {
  try {
    return realpathSync.native(resolve(folder))
  } catch {
    throw usageError(`--root ${folder}: there is no such folder; name the one that is served`)
  }
}
