import { expect, test } from 'vitest'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { evaluate } from '../diagnosis/evaluation.ts'

/** Played, each of these causes makes the packets of the capture: the first one was said as if it were sure. */
test.each<[fault: string, client: ClientName, server: ServerName, seed: number, level: readonly string[]]>([
  ['rx-hold', 'uboot-2008', 'tftp-hpa-5.2', 52001, ['data-loss', 'rx-hold']],
  ['rx-hold', 'uboot-2008', 'tftpd64', 52001, ['data-loss', 'ack-loss', 'rx-hold']],
  ['rx-hold', 'lwip', 'rs-tftpd', 52001, ['tx-hold', 'rx-hold', 'ack-loss']],
  ['arp-silent-revived', 'edk2', 'rs-tftpd', 52002, ['data-loss', 'arp-silent']],
])('%s of %s at %s is level with what sends the same', (fault, client, server, seed, level) => {
  const causes = evaluate(fault, client, server, seed)!.diagnosis.causes.slice(0, level.length)
  expect(causes.map(({ id }) => id).sort()).toEqual([...level].sort())
  for (const { confidence, tellApart } of causes) {
    expect(confidence).toBeCloseTo(causes[0].confidence, 10)
    expect(tellApart).toBeDefined()
  }
})

/** Less than plain loss explains, and losses in one direction are no reason to name the other one. */
test('a loss of one direction alone stays alone', () => {
  const causes = evaluate('data-loss', 'uboot-1.1.3', 'tftp-hpa-5.2', 52001)!.diagnosis.causes
  expect(causes[0].id).toBe('data-loss')
  expect(causes.filter(({ confidence }) => confidence > 0.5).map(({ id }) => id)).not.toContain('ack-loss')
})
