/**
 * `npm run replay -- [--faults A,B] [--servers A,B] [--seeds N] [--p P] [--verbose]`: how well `diagnose --replay` fits its model, over captures of
 * the lab whose parameters are known. A line for each fault: how often the kind of client is right, the fitted share of lost packets is within a
 * factor of two, and the time of the captured server is predicted within 30 %.
 */
import { parseArgs } from 'node:util'
import type { ClientName } from '../src/lab/device/clients.ts'
import { SERVERS, type ServerName } from '../src/lab/index.ts'
import { EVALUATED_CLIENTS } from '../test/diagnosis/evaluation.ts'
import { evaluateReplay, isWithin } from '../test/diagnosis/replay-evaluation.ts'

const BOOTS = 6
const FIRST_SEED = 900
/** Faults with a share; the others have parameters of their own. */
const WITH_P = ['ack-loss', 'data-loss', 'ack-stale', 'tx-hold', 'rx-hold']

const { values: flags } = parseArgs({
  options: {
    faults: { type: 'string', default: 'none,ack-loss,data-loss,ack-stale,tx-hold,rx-hold,dead-rx,slow-flash' },
    servers: { type: 'string', default: 'tftp-hpa-5.2,tftpd64,foresend' },
    seeds: { type: 'string', default: '2' },
    p: { type: 'string', default: '0.04' },
    verbose: { type: 'boolean', default: false },
  },
})

const servers = flags.servers.split(',').filter((name): name is ServerName => Object.hasOwn(SERVERS, name))
const percent = (part: number, of: number): string =>
  of === 0 ? '    -' : `${Math.round((100 * part) / of)} %`.padStart(5)
process.stdout.write('fault         cases  kind   level  p in 2x  within 30 %  trust: good fair poor\n')
for (const fault of flags.faults.split(',')) {
  const count = { cases: 0, right: 0, level: 0, wrong: 0, p: 0, pKnown: 0, within: 0, good: 0, fair: 0, poor: 0 }
  for (const server of servers) {
    for (const client of Object.keys(EVALUATED_CLIENTS) as ClientName[]) {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + Number(flags.seeds); seed++) {
        const values = WITH_P.includes(fault) ? { p: Number(flags.p) } : {}
        const result = evaluateReplay({ fault: { fault, values }, client, server, seed }, BOOTS)
        if (result === undefined) continue
        const { model, kind, pRatio, ratio } = result
        count.cases++
        count[kind]++
        count[model.trust]++
        if (pRatio !== undefined) {
          count.pKnown++
          if (isWithin(pRatio, 0.5)) count.p++
        }
        if (isWithin(ratio, 0.3)) count.within++
        if (flags.verbose && (model.trust !== 'good' || kind === 'wrong')) {
          const { device, server: name } = model.fitted
          const fitted = device.faults.map((one) => `${one.fault} ${JSON.stringify(one.values)}`).join(' + ')
          process.stdout.write(
            `  ${client}, ${server}, seed ${seed}: ${device.client.model}, ${fitted || 'no fault'}, ${name}: ${model.trust}, ratio ${ratio.toFixed(2)}\n`,
          )
        }
      }
    }
  }
  const { cases, right, level, p, pKnown, within, good, fair, poor } = count
  process.stdout.write(
    `${fault.padEnd(14)}${String(cases).padStart(5)}  ${percent(right, cases)}  ${percent(level, cases)}  ${percent(p, pKnown)}    ${percent(within, cases)}        ${[good, fair, poor].map((n) => String(n).padStart(4)).join(' ')}\n`,
  )
}
