import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import type { CapturedTransfer } from '../../src/capture/index.ts'
import { pcapngDatagram, pcapngHeader } from '../../src/capture/pcapng.ts'
import { CaptureTransfers } from '../../src/capture/transfers.ts'
import { packet } from '../golden/capture-maker.ts'

/** More values than a call takes arguments. */
const MANY = 130_000
const TIMEOUT_MS = 30_000
const SECOND_US = 1e6

type Add = (fromClient: boolean, payload: Uint8Array, timeUs: number, port?: number) => void

function captured(make: (add: Add) => void): CapturedTransfer {
  const found: CapturedTransfer[] = []
  const capture = new CaptureTransfers('made', (transfer) => found.push(transfer))
  capture.push(pcapngHeader('made'))
  make((fromClient, payload, timeUs, port = 3000) => {
    const [client, server] = [
      { address: '10.0.0.1', port: 2000 },
      { address: '10.0.0.2', port },
    ]
    const [from, to] = fromClient ? [client, server] : [server, client]
    capture.push(
      pcapngDatagram({
        timeUs: 1.7e15 + timeUs,
        source: from.address,
        sourcePort: from.port,
        destination: to.address,
        destinationPort: to.port,
        payload,
      }),
    )
  })
  capture.end()
  return found[0]
}

/** Each ended the diagnosis with a RangeError: the lowest of all waits was taken by one call. */
test('a client that asks 130,000 times', { timeout: TIMEOUT_MS }, () => {
  const transfer = captured((add) => {
    for (let n = 0; n < MANY; n++) {
      add(true, packet.rrq('image'), 2 * n * SECOND_US, 69)
      add(false, packet.data(1, 512), 2 * n * SECOND_US + 100)
    }
  })
  expect(diagnose(transfer).causes.map(({ id }) => id)).toContain('dead-rx')
})

test('a window of which 130,000 blocks are acknowledged one by one, late', { timeout: TIMEOUT_MS }, () => {
  const transfer = captured((add) => {
    add(true, packet.rrq('image', 'windowsize', '16'), 0, 69)
    add(false, packet.oack('windowsize', '16'), 10)
    add(true, packet.ack(0), 200)
    for (let n = 1; n < MANY; n++) {
      add(false, packet.data(n & 0xffff, 512), n * 1e5)
      add(true, packet.ack(n & 0xffff), n * 1e5 + 9e4)
    }
  })
  expect(diagnose(transfer).outcome).toBe('running')
})
