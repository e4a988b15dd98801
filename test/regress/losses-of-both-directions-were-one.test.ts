/**
 * Both directions lost packets, and one was named. Most of these losses may be of either direction, and the likeliest story puts them all into one;
 * but a mixture makes the same packets in many ways, and all of those count.
 */
import { expect, test } from 'vitest'
import { evaluate } from '../diagnosis/evaluation.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { ServerName } from '../../src/lab/index.ts'

test.each<[ClientName, ServerName, number]>([
  ['uboot-1.1.3', 'tftpd64', 4245],
  ['strict', 'dnsmasq', 4245],
  ['lwip', 'foresend', 4244],
  ['curl', 'foresend', 4243],
  ['edk2', 'pytftpd-2', 4242],
  ['edk2', 'tftp-hpa-rfc7440', 4245],
  ['window', 'tftpd64', 4244],
])('%s at %s, which both losses hit', (client, server, seed) => {
  const { isBothHit, diagnosis } = evaluate('both-losses', client, server, seed)!
  expect(isBothHit).toBe(true)
  const ids = diagnosis.causes.map(({ id }) => id)
  expect(ids).toContain('ack-loss')
  expect(ids).toContain('data-loss')
})

test.each<['ack-loss' | 'data-loss', ClientName, ServerName]>([
  ['ack-loss', 'uboot-1.1.3', 'foresend'],
  ['data-loss', 'uboot-1.1.3', 'foresend'],
  ['data-loss', 'window', 'foresend'],
])('%s alone, of %s at %s, stays the first by far', (fault, client, server) => {
  const [first, second] = evaluate(fault, client, server, 4243)!.diagnosis.causes
  expect(first.id).toBe(fault)
  expect(second?.confidence ?? 0).toBeLessThan(first.confidence / 3)
})

/** Where both losses are likelier than all that is level below them, each of them was as unlikely as its level ones. */
test('both losses far ahead of each alone are both named', () => {
  const { diagnosis } = evaluate('both-losses', 'ipxe', 'foresend', 4243)!
  expect(
    diagnosis.causes
      .slice(0, 2)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(['ack-loss', 'data-loss'])
})

/** Of losses that may be of either direction none is said to be proved. */
test('what is lost in either direction is said so', () => {
  const { causes } = evaluate('both-losses', 'edk2', 'pytftpd-2', 4242)!.diagnosis
  const textOf = (id: string) => causes.find((cause) => cause.id === id)?.evidence[0].text
  expect(textOf('data-loss')).toContain('most of them because the block was lost')
  expect(textOf('ack-loss')).toContain('some of them because the ACK was lost')
})
