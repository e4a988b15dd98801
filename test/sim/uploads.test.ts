import { describe, expect, test } from 'vitest'
import { offer } from '../../src/client/options.ts'
import { CLIENT_BLKSIZE, CLIENT_WINDOWSIZE, InitiatorNode } from '../../src/lab/initiator-node.ts'
import { SERVERS, type ServerName } from '../../src/lab/server/catalogue.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { UPLOADERS, type UploaderName } from '../../src/lab/uploader/catalogue.ts'
import { type Figure, FULL, type Scale } from './figures.ts'
import { ourGet, ourPut, uploadsToUs } from './figures-uploads.ts'

/** `npm run figures -- --only uploads` plays more of them. */
const SMALL: Scale = { ...FULL, seeds: 8 }

/** Most of the seeds: a receiver that always gave up would do no harm either. */
const LEAST_WHOLE = 0.85

function hold({ what, measured, met, notes, values }: Figure, leastWhole = LEAST_WHOLE): void {
  const says = [`${what}: ${measured}`, ...notes].join('\n')
  expect(met, says).toBe(true)
  expect(values.intact / values.runs, says).toBeGreaterThanOrEqual(leastWhole)
}

describe('no upload is acknowledged and not whole, whatever fault the client has', () => {
  for (const client of Object.keys(UPLOADERS) as UploaderName[]) {
    test(client, () => hold(uploadsToUs(client, SMALL)))
  }
})

describe('our put: whole, or a failure that says what happened', () => {
  for (const server of Object.keys(STORERS)) {
    // dnsmasq stores nothing.
    const leastWhole = server === 'dnsmasq' ? 0 : LEAST_WHOLE
    test(server, () => hold(ourPut(server, SMALL), leastWhole))
  }
})

describe('our get: whole, or a failure that says what happened', () => {
  for (const server of Object.keys(SERVERS) as ServerName[]) {
    // Windows that overrun a small ring leave tftp-hpa and pin/tftp, Tftpd64 and py3tftp no way of their own.
    const leastWhole = server === 'pytftpd' ? 0 : server.startsWith('foresend') ? 0.9 : 0.75
    test(server, () => hold(ourGet(server, SMALL), leastWhole))
  }
})

test("the lab's client offers what get and put offer on an Ethernet", () => {
  const image = new Uint8Array(1000)
  expect(new InitiatorNode({ direction: 'write', image }).options).toEqual(
    offer(CLIENT_BLKSIZE, CLIENT_WINDOWSIZE, undefined, 1000),
  )
  expect(new InitiatorNode({ direction: 'read' }).options).toEqual(
    offer(CLIENT_BLKSIZE, CLIENT_WINDOWSIZE, undefined, 0),
  )
  expect(new InitiatorNode({ direction: 'read', blksize: 512, windowsize: 1 }).options).toEqual([])
})
