/**
 * Two servers with the same timer differ in what they do when an ACK comes that they have: atftpd answers it, and begins its count anew; rs-tftpd and
 * tftp-hpa leave it alone, and keep their time. Foresend says nothing when it gives up a client that never answered.
 */
import { expect, it } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import type { ServerName } from '../../src/lab/index.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import { playCase } from '../diagnosis/evaluation.ts'
import { mainOf } from '../diagnosis/lab-case.ts'

it.each([
  ['a repeated ACK of a window is left alone', 'arp-silent', 'edk2', 'rs-tftpd', 'rs-tftpd', 'atftpd'],
  ['repeated ACKs do not keep the server from giving up', 'arp-silent', 'uboot-2008', 'rs-tftpd', 'rs-tftpd', 'atftpd'],
  ['repeated ACKs are answered', 'arp-silent', 'uboot-2008', 'atftpd-0.8', 'atftpd', 'rs-tftpd'],
  ['no ERROR for a client that never answered', 'dead-rx', 'curl', 'foresend', 'foresend', 'rs-tftpd'],
] as const)('%s', (_what, fault, client, server, name, other) => {
  const transfer = mainOf(
    playCase(fault, client satisfies ClientName, server satisfies ServerName, 101)?.transfers ?? [],
  )
  const found = diagnose(transfer!).server
  expect(found?.name).toBe(name)
  expect(found?.orElse).not.toContain(other)
})

it('a window that is sent again is no sign of another time', () => {
  const transfer = mainOf(playCase('data-loss', 'edk2', 'tftp-hpa-6.0', 16_180)?.transfers ?? [])
  expect(diagnose(transfer!).server?.name).toBe('tftp-hpa')
})
