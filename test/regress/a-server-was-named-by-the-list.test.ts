import { expect, test } from 'vitest'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { evaluate } from '../diagnosis/evaluation.ts'

/** Of servers with the same waits the first one of the list was named, whatever else the capture shows. */
test.each<[fault: string, client: ClientName, server: ServerName, without: readonly string[]]>([
  // Six timeouts in all, and it stops, whichever block it was.
  ['ack-loss', 'uboot-2008', 'rs-tftpd', ['tftp-hpa', 'atftpd']],
  // More timeouts than that.
  ['ack-loss', 'strict', 'foresend-strict', ['rs-tftpd', 'pin-anticipate']],
  // It says that it gives up.
  ['arp-silent', 'uboot-2020', 'foresend-strict', ['tftp-hpa', 'atftpd', 'rs-tftpd', 'py3tftp']],
  // It is early by up to a tick, and answers what comes while a timeout is pending.
  ['arp-silent', 'uboot-1.1.3', 'tftpd64', ['foresend']],
  // Repeated requests begin further transfers beside the first.
  ['dead-rx', 'edk2', 'tftp-hpa-5.2', ['foresend']],
])('%s of %s at %s', (fault, client, server, without) => {
  const said = evaluate(fault, client, server, 52001)!.diagnosis.server
  const names = said === undefined ? [] : [said.name, ...said.orElse]
  for (const name of without) expect(names).not.toContain(name)
  if (said !== undefined) expect(names.some((name) => server.startsWith(name))).toBe(true)
})
