/** The lab knows what is wrong: the diagnosis of a capture must say it. `npm run diagnosis` does the same on a large scale. */
import { describe, expect, test } from 'vitest'
import { EVALUATED_CLIENTS, EVALUATED_SERVERS, evaluate } from '../../../test/diagnosis/evaluation.ts'
import type { ClientName } from '../../lab/device/clients.ts'
import type { ServerName } from '../../lab/index.ts'

const SEEDS = [11, 12]

describe.each<[fault: string, client: ClientName, servers: readonly ServerName[]]>([
  ['ack-loss', 'uboot-1.1.3', ['tftp-hpa-5.2', 'dnsmasq']],
  ['data-loss', 'uboot-1.1.3', ['tftp-hpa-5.2', 'dnsmasq']],
  ['ack-stale', 'strict', ['tftp-hpa-5.2', 'foresend-strict']],
  ['tx-hold', 'uboot-1.1.3', ['tftp-hpa-5.2']],
  ['rx-one-behind', 'strict', ['tftp-hpa-5.2']],
  ['arp-silent', 'uboot-2008', ['tftp-hpa-5.2', 'foresend']],
  ['dead-rx', 'uboot-1.1.3', ['tftp-hpa-5.2', 'foresend']],
  ['fragment-loss', 'edk2', ['tftp-hpa-6.0', 'foresend']],
  ['slow-flash', 'curl', ['tftp-hpa-5.2', 'foresend']],
  ['rx-ring', 'window', ['foresend']],
  ['rx-one-behind', 'uboot-2008', ['tftp-hpa-5.2']],
])('%s of %s', (fault, client, servers) => {
  test.each(servers)('against %s is named first', (server) => {
    const seen = SEEDS.map((seed) => evaluate(fault, client, server, seed)).filter((done) => done?.invisible === false)
    expect(seen.length).toBeGreaterThan(0)
    for (const done of seen)
      expect(`${done?.label}: ${done?.diagnosis.causes[0]?.id}`).toBe(`${done?.label}: ${done?.expected[0]}`)
  })
})

test('healthy transfers are blamed for nothing', () => {
  const clients = Object.keys(EVALUATED_CLIENTS) as ClientName[]
  let judged = 0
  for (const client of clients)
    for (const server of ['tftp-hpa-5.2', 'foresend', 'tftpd64-1000'] satisfies ServerName[]) {
      const done = evaluate('none', client, server, 11)
      if (done === undefined) continue
      judged++
      expect(`${done.label}: ${done.diagnosis.causes.map(({ id }) => id).join()}`).toBe(`${done.label}: `)
    }
  expect(judged).toBeGreaterThan(2 * clients.length)
})

test('an image with a hole is never called complete', () => {
  let holes = 0
  for (const server of EVALUATED_SERVERS.filter((name) => /pytftpd|py3tftp|tftpd64-1000|rs-tftpd/.test(name)))
    for (const client of ['uboot-1.1.3', 'uboot-2008', 'window', 'edk2'] satisfies ClientName[]) {
      const done = evaluate('data-loss', client, server, 13)
      if (done === undefined || done.holesInDevice === 0) continue
      holes++
      expect(`${done.label}: ${done.diagnosis.outcome}`).not.toBe(`${done.label}: complete`)
    }
  expect(holes).toBeGreaterThan(0)
})
