import { expect, test } from 'vitest'
import type { Peer } from '../../src/endpoint/contract.ts'
import { Endpoint, type Transfer } from '../../src/endpoint/endpoint.ts'
import { encodeRequest, OPCODE } from '../../src/packet/index.ts'
import { strict } from '../../src/transfer/policy/strict.ts'

/**
 * A transfer that had to repeat a block listens for a moment after the final ACK (rule A13). A client that asked for its next
 * file meanwhile, from the same port, was not heard: it waited for its own timer, a second or more.
 */
const peer: Peer = { address: '10.0.0.1', port: 2070, local: '10.0.0.2', near: true }
const nothing = (): void => {}

function afterRepeatedFinal() {
  const said: string[] = []
  let transfer: Transfer | undefined
  const endpoint: Endpoint = new Endpoint(
    {
      limits: { maxBlksize: 1428, maxWindowsize: 64, maxWindowBytes: 65_536, refuse: new Set() },
      writable: false,
      prepare: () => ({ policy: strict(1000) }),
    },
    {
      open: (opened) => {
        transfer = opened
        endpoint.acceptRead(now, opened, 600)
      },
      event: (kind, of) => said.push(`${kind} ${of.request.filename}`),
      sendBlocks: nothing,
      sendControl: nothing,
      reply: nothing,
      store: nothing,
      finish: nothing,
      close: nothing,
      deadline: nothing,
    },
  )
  let now = 0
  const ask = (filename: string): void => {
    const request = encodeRequest({ opcode: OPCODE.rrq, filename, mode: 'octet', options: [] })
    endpoint.handleRequest(now, peer, request, 0, request.length)
  }
  const ack = (block: number): void => {
    endpoint.handleDatagram(now, transfer as Transfer, Uint8Array.of(0, 4, 0, block), 0, 4)
  }
  ask('first')
  now = 1
  ack(1)
  now = 1500
  endpoint.handleTimer(now)
  now = 1501
  ack(2)
  now = 1502
  said.length = 0
  return { ask, said }
}

test.each(['first', 'second'])('asking for %s begins it at once, and nothing is claimed for the first', (filename) => {
  const { ask, said } = afterRepeatedFinal()
  ask(filename)
  expect(said).toEqual(['superseded first', `requested ${filename}`])
})
