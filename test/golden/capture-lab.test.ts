/** The lab knows what happened; a capture of it must say the same. */
import { describe, expect, test } from 'vitest'
import { patternedImage } from '../../src/lab/experiment.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { captureOfLab } from './capture-of-lab.ts'
import { readAll } from './capture-scene.ts'

const IMAGE = patternedImage(100_000, 1)

describe.each<[string, ServerName]>([
  ['archer-c2-good', 'tftp-hpa-5.2'],
  ['archer-c2-faulty', 'tftp-hpa-5.2'],
  ['archer-c2-faulty', 'pytftpd-2'],
  ['archer-c2-faulty', 'foresend'],
  ['uboot-2020', 'foresend'],
  ['uboot-2023', 'atftpd-0.8'],
  ['window-16', 'rs-tftpd'],
  ['edk2-pxe', 'foresend'],
  ['edk2-pxe', 'dnsmasq'],
  ['grub', 'tftpd64-3584'],
  ['curl', 'py3tftp'],
  ['rpi4-rom', 'foresend'],
  ['lwip', 'foresend-window-8'],
  ['archer-c2-dead-rx', 'tftp-hpa-5.2'],
])('%s against %s', (device, server) => {
  test('the capture has as many packets, blocks, timeouts and bytes', () => {
    for (const seed of [1, 2, 3]) {
      const lab = captureOfLab(device, server, IMAGE, seed)
      const { transfers, summary } = readAll(lab.file)
      expect(summary).toMatchObject({ broken: undefined, udpDatagrams: lab.datagrams, tftpDatagrams: lab.datagrams })
      const { result } = lab
      const kept = transfers.reduce((sum, t) => sum + t.packets.seen, 0)
      const beside = transfers.reduce((sum, t) => sum + t.sideEvents.length, 0)
      expect(kept).toBeLessThanOrEqual(lab.datagrams)
      expect(kept + beside).toBeGreaterThanOrEqual(lab.datagrams)
      const sent = transfers.reduce((sum, t) => sum + t.blocks.datagrams, 0)
      expect(sent).toBeLessThanOrEqual(result.datagrams)
      expect(sent + beside).toBeGreaterThanOrEqual(result.datagrams)
      const last = transfers.at(-1)
      if (result.client?.status === 'ok') {
        expect(last?.agreed.blksize).toBe(result.blksize)
        expect(['complete', 'last-ack-missing']).toContain(last?.outcome.type)
        expect(last?.blocks).toMatchObject({ bytes: IMAGE.length, first: 1, neverSeen: { count: 0 } })
        // A hole in the device is a block that no ACK named, where the client takes blocks in any order.
        expect(last?.blocks.neverAcknowledged.count).toBeGreaterThanOrEqual(result.holes)
      } else expect(last?.outcome.type).not.toBe('complete')
    }
  })
})

test('a device that restarts shows as attempts', () => {
  const { file } = captureOfLab('archer-c2-faulty', 'tftp-hpa-5.2', patternedImage(1_000_000, 1), 5)
  const { transfers } = readAll(file)
  const previous = transfers.map((t) => t.previousAttempt)
  expect(transfers[0].request).toMatchObject({ options: [{ name: 'timeout', value: '1' }] })
  expect(previous).toEqual(transfers.map((t, i) => (i === 0 ? undefined : t.id - 1)))
})
