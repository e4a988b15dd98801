/**
 * dnsmasq waits 2, 2, 3, 3 and 5 s for one block, and goes on counting when the client repeats itself meanwhile. Each repeat of the client began the
 * count anew, so that a wait of 3 or 5 s was none of its first ones. Waits of 120 ms, the longest of Foresend near a client, were those of PyTFTPd,
 * which waits 100 ms.
 */
import { expect, test } from 'vitest'
import { diagnose, type RecognisedServer } from '../../src/capture/diagnosis/index.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { DeviceFault, Draws } from '../../src/lab/device/device.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { mainOf, play } from '../diagnosis/lab-case.ts'

function serverOf(
  client: ClientName,
  values: Draws,
  fault: DeviceFault,
  server: ServerName,
  seed: number,
): RecognisedServer | undefined {
  const { transfers } = play({
    client,
    values,
    faults: [fault],
    server,
    link: { delayMs: 13 },
    sizeBytes: 400_000,
    seed,
  })
  return diagnose(mainOf(transfers)!).server
}

test.each([1, 2, 3, 4])('dnsmasq and a client with a timer, seed %i', (seed) => {
  const unreached = serverOf(
    'strict',
    { timeoutMs: 2500 },
    { fault: 'arp-silent', values: { afterMs: 30 } },
    'dnsmasq',
    seed,
  )
  expect(unreached?.name).toBe('dnsmasq')
  const lossy = serverOf(
    'strict',
    { timeoutMs: 1500 },
    { fault: 'data-loss', values: { p: 0.05, burst: 6 } },
    'dnsmasq',
    seed,
  )
  expect([lossy?.name, ...(lossy?.orElse ?? [])]).toContain('dnsmasq')
})

test('waits of 120 ms', () => {
  const values = { blksize: 512, windowsize: 16 }
  expect(
    serverOf('edk2', values, { fault: 'data-loss', values: { p: 0.09, burst: 3 } }, 'foresend-window-8', 2)?.name,
  ).toBe('foresend')
})
