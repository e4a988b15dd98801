/**
 * A burst lost four ACKs, each repeat of the block among them, and the client went on with the next one, seconds later. That was taken for a host
 * that did nothing for seconds and went on by chance just then: healthy.
 */
import { expect, test } from 'vitest'
import { evaluate } from '../diagnosis/evaluation.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { ServerName } from '../../src/lab/index.ts'

test.each<[ClientName, ServerName, number]>([
  ['uboot-1.1.3', 'tftp-hpa-5.2', 4245],
  ['uboot-2023', 'atftpd-0.8', 4245],
  ['window', 'tftp-hpa-rfc7440', 4242],
])('%s at %s loses its ACKs in bursts', (client, server, seed) => {
  expect(evaluate('ack-loss-burst', client, server, seed)!.diagnosis.causes[0]?.id).toBe('ack-loss')
})

/** What a dead device, one that nothing reaches, and both losses make alike was called a dead device twice as surely as a loss. */
test('a burst that the server did not outlast is level with a device that is gone', () => {
  const { level, diagnosis } = evaluate('ack-loss-burst', 'lwip', 'tftp-hpa-5.2', 4242)!
  expect(level).toBe(true)
  expect(diagnosis.causes.map(({ id }) => id).toSorted()).toEqual(
    ['ack-loss', 'arp-silent', 'client-silent', 'data-loss'].toSorted(),
  )
})

/** Nothing showed that the client had slept: its timer ended each stop, as it ends a wait for lost DATA. */
test.each<[ServerName, number]>([
  ['rs-tftpd', 5151],
  ['atftpd-0.8', 5151],
])('a burst of lost DATA in a window at %s, which the timer of the client ends', (server, seed) => {
  expect(evaluate('data-loss-burst', 'window', server, seed)!.diagnosis.causes[0]?.id).toBe('data-loss')
})
