import { expect, test } from 'vitest'
import type { ServerName } from '../../src/lab/index.ts'
import { evaluate } from '../diagnosis/evaluation.ts'

/** Two ACKs in a row were lost, and the third came by a timer that the capture shows only once: it was taken for a pause, and nothing was said. */
test.each<ServerName>(['tftp-hpa-5.2', 'tftpd64', 'dnsmasq'])('lost ACKs of iPXE at %s', (server) => {
  expect(evaluate('ack-loss-burst', 'ipxe', server, 52001)).toMatchObject({ invisible: false, first: true })
})
