/**
 * What a capture shows of a fault beyond the count of its losses: the order in which ACKs come, where in a burst packets are lost, whose timer spoke, that
 * a client complained of a block and went on. The search for a story left each of these out, and another cause was named.
 */
import { describe, expect, it } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import type { ServerName } from '../../src/lab/index.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import { playCase } from '../diagnosis/evaluation.ts'
import { mainOf } from '../diagnosis/lab-case.ts'

function causesOf(fault: string, client: ClientName, server: ServerName, seed: number): readonly string[] {
  return diagnose(mainOf(playCase(fault, client, server, seed)?.transfers ?? [])!).causes.map(({ id }) => id)
}

describe('the first cause', () => {
  it.each([
    ['blocks that a switch swaps in a window', 'reorder', 'window', 'rs-tftpd', 205, 'reorder'],
    [
      'a ring that loses the end of each window, so that each answer is one to a repeat',
      'rx-ring',
      'edk2',
      'tftp-hpa-rfc7440',
      202,
      'rx-ring',
    ],
    ['the same where the timer of the device speaks too', 'rx-ring-2', 'edk2', 'rs-tftpd', 202, 'rx-ring'],
    [
      'a link that sleeps, where each loss may be of either direction',
      'eee-wake',
      'strict',
      'tftp-hpa-5.2',
      101,
      'eee-wake',
    ],
    [
      'a device that stops in a window while the server repeats it twice',
      'slow-flash',
      'uboot-2023',
      'foresend-window-2',
      202,
      'slow-flash',
    ],
    ['ACKs lost of a client that sends ERROR 5 and goes on', 'ack-loss', 'lwip', 'pin-anticipate-2', 101, 'ack-loss'],
    ['DATA lost in a window of 32 that was not agreed to', 'data-loss', 'uboot-1.1.3', 'foresend', 202, 'data-loss'],
  ] as const)('%s', (_what, fault, client, server, seed, cause) => {
    expect(causesOf(fault, client, server, seed)[0]).toBe(cause)
  })
})

describe('both losses', () => {
  it.each([
    ['of a client whose timer learns', 'ipxe', 'tftpd64', 203],
    ['of a client and a server with the same timer', 'strict', 'foresend-strict', 204],
  ] as const)('%s', (_what, client, server, seed) => {
    expect(causesOf('both-losses', client, server, seed).slice(0, 2).toSorted()).toEqual(['ack-loss', 'data-loss'])
  })
})

it('a server that gave up stands behind what it gave up for', () => {
  const causes = causesOf('arp-silent', 'uboot-2020', 'py3tftp', 204)
  expect(causes).toContain('server-silent')
  expect(causes.indexOf('server-silent')).toBeGreaterThan(causes.indexOf('arp-silent'))
})
