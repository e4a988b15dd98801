import { expect, test } from 'vitest'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { evaluate } from '../diagnosis/evaluation.ts'

/** Four packets lost in a row cost four losses, and a pause of the device, or an ARP entry that expired, cost less. */
test.each<[fault: string, client: ClientName, server: ServerName, seed: number]>([
  ['ack-loss-burst', 'grub', 'foresend', 9400],
  ['ack-loss-burst', 'uboot-1.1.3', 'pytftpd-2', 9400],
  ['data-loss-burst', 'uboot-1.1.3', 'tftpd64', 9400],
])('%s of %s at %s is named first', (fault, client, server, seed) => {
  expect(evaluate(fault, client, server, seed)).toMatchObject({ invisible: false, first: true })
})

/** The timer of the client runs in a wait that looks as usual at its end: what the client said by it was lost, and that has a cost too. */
test('a client that would have spoken by its timer lost its ACKs, and no DATA', () => {
  const causes = evaluate('ack-loss-burst', 'uboot-2020', 'tftp-hpa-5.2', 9400)?.diagnosis.causes
  expect(causes?.[0].id).toBe('ack-loss')
})
