/** `foresend lab explain`: the experiment that started the project, with every fault of the catalogue. */
import { Command } from 'commander'
import { type Explanation, type ExplainOptions, explainSteps } from '../../lab/explain.ts'
import { FAULTS } from '../../lab/index.ts'
import { didYouMean } from '../../lab/device/nearest.ts'
import type { FaultName } from '../../lab/fault/catalogue.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { decimalNumber, given, wholeNumber } from '../flags.ts'
import { nameList, sizeFlag } from './names.ts'
import { seedFlag } from './run.ts'
import { jsonLine } from '../render/json.ts'
import { explanationLines } from './render/explain.ts'
import { CountProgress } from './render/progress.ts'
import { styleFor } from '../render/style.ts'

const DESCRIPTION = `Why do some units of a router take an image from no compliant server, slowly from one, and well from another?

Runs the servers of three reports against a model of the device with every fault of the catalogue, and says which fault \
would make it do all three. archer-c2 is the only experiment yet.`

const EXAMPLES = `
Examples:
  foresend lab explain archer-c2
  foresend lab explain archer-c2 --fault ack-loss,data-loss --seeds 50 --p 0.05

Exit codes: 0 done, 2 usage.
`

const EXPERIMENTS = ['archer-c2']

interface ExplainFlags {
  readonly fault?: readonly string[]
  readonly seed?: number
  readonly seeds?: number
  readonly p?: number
  readonly size?: number
  readonly json?: true
}

export function labExplainCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('explain')
    .summary('why some servers can flash a device and others cannot')
    .description(DESCRIPTION)
    .argument('<experiment>', 'archer-c2')
    .helpOption('-h, --help', 'print this page')
    .option('--fault <NAME>', 'only this fault; repeatable, commas allowed (all)', nameList)
    .option('--seed <N>', 'the first seed (1)', seedFlag)
    .option('--seeds <N>', 'boots of each cell, of which medians are shown (5)', wholeNumber('boots', 1, 10_000))
    .option('--p <P>', "probability of the fault (each fault's own)", decimalNumber('a probability', 0, 0.999))
    .option('--size <BYTES>', 'size of the image (7.75MiB)', sizeFlag)
    .option('--json', 'one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (experiment: string, flags: ExplainFlags) => done(await labExplain(context, experiment, flags)))
}

async function labExplain(context: Context, experiment: string, flags: ExplainFlags): Promise<number> {
  if (!EXPERIMENTS.includes(experiment)) {
    throw usageError(`unknown experiment ${JSON.stringify(experiment)}${didYouMean(experiment, EXPERIMENTS)}`)
  }
  const explanation = await explained(context, {
    ...given('faults', flags.fault?.map(faultName)),
    ...given('firstSeed', flags.seed),
    ...given('seeds', flags.seeds),
    ...given('p', flags.p),
    ...given('sizeBytes', flags.size),
  })
  if (explanation === undefined) return EXIT.failed
  if (flags.json === true) context.stdout.write(`${jsonLine(explanation)}\n`)
  else
    for (const line of explanationLines(explanation, styleFor(context.stdout.stream))) context.stdout.write(`${line}\n`)
  return EXIT.done
}

function faultName(name: string): FaultName {
  if (Object.hasOwn(FAULTS, name)) return name as FaultName
  throw usageError(`unknown fault ${JSON.stringify(name)}${didYouMean(name, Object.keys(FAULTS))}`)
}

/** Undefined when it was stopped: half a table explains nothing. */
async function explained(context: Context, options: ExplainOptions): Promise<Explanation | undefined> {
  const progress = new CountProgress(context.stderr, context.now, 'boots')
  let stopped = false
  const unwatch = context.watch(() => {
    stopped = true
  })
  try {
    const steps = explainSteps(options)
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
      progress.update(step.value.done, step.value.total)
      await new Promise((resolve) => setImmediate(resolve))
      if (stopped) return undefined
    }
  } finally {
    unwatch()
    progress.close()
  }
}
