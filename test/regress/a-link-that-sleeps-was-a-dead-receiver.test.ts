import { expect, test } from 'vitest'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { evaluate } from '../diagnosis/evaluation.ts'

/** No packet of the server arrived, and each left behind an idle gap. A receiver that is dead does not lose requests as well. */
test.each<[client: ClientName, server: ServerName]>([
  ['uboot-1.1.3', 'dnsmasq'],
  ['uboot-2020', 'rs-tftpd'],
])('requests of %s are missing at %s', (client, server) => {
  const { level, diagnosis } = evaluate('eee-wake', client, server, 52001)!
  expect(level).toBe(true)
  expect(
    diagnosis.causes
      .slice(0, 2)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(['dead-rx', 'eee-wake'])
  expect(diagnosis.causes[0].tellApart).toContain('ping')
})

test('where every request came, the receiver alone is named', () => {
  const { first, diagnosis } = evaluate('dead-rx', 'uboot-1.1.3', 'tftp-hpa-5.2', 52001)!
  expect(first).toBe(true)
  expect(diagnosis.causes.map(({ id }) => id)).not.toContain('eee-wake')
})
