import { expect, test } from 'vitest'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { evaluate } from '../diagnosis/evaluation.ts'

/**
 * Each outage begins as long after the word that opened the way. Two such times are enough when they are alike, and one that ends with an answer on its
 * way does not show: the next one then seems to come after twice the time.
 */
test.each<[client: ClientName, server: ServerName, seed: number]>([
  ['uboot-1.1.3', 'foresend', 52001],
  ['uboot-2023', 'tftpd64', 52002],
  ['edk2', 'tftpd64', 52002],
])('outages of %s at %s that keep one time', (client, server, seed) => {
  expect(evaluate('arp-silent-revived', client, server, seed)).toMatchObject({ invisible: false, first: true })
})

/** The way was taken for open again although the device had said nothing: an answer in the usual time is no word that opens it. */
test('a repeat that is answered ends no outage', () => {
  const causes = evaluate('ack-loss-burst', 'ipxe', 'foresend', 52001)!.diagnosis.causes
  expect(causes[0].id).toBe('ack-loss')
  expect(causes.map(({ id }) => id)).not.toContain('arp-silent')
})

/** What got through that long after a word that opened the way, and what did not: no one time explains both. */
test.each<[client: ClientName, server: ServerName, seed: number]>([['edk2', 'rs-tftpd', 52002]])(
  'bursts of lost DATA of %s at %s are not outages for certain',
  (client, server, seed) => {
    expect(evaluate('data-loss-burst', client, server, seed)).toMatchObject({ level: true })
  },
)
