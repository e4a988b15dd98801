/** What a forged request makes a server send to an address that never answers, for each byte that the forger sent. */
import { expect, test } from 'vitest'
import { EndpointNode } from '../../src/lab/endpoint-node.ts'
import { patternedImage } from '../../src/lab/experiment.ts'
import type { LabNode, Outlet } from '../../src/lab/node.ts'
import { serverNode } from '../../src/lab/server/model.ts'
import { Rng } from '../../src/lab/rng.ts'
import { tftpHpa5 } from '../../src/lab/server/tftp-hpa-5.ts'
import { encodeRequest, OPCODE } from '../../src/packet/index.ts'

const image = patternedImage(1_000_000, 1)
const DAY_MS = 86_400_000

/** Bytes of UDP payload that one request brings about, until the server has given up. */
function bytesFor(server: LabNode, options: Readonly<Record<string, number>>): { sent: number; received: number } {
  let sent = 0
  const outlet: Outlet = { send: (_now, _buffer, _offset, length) => void (sent += length) }
  server.attach(outlet)
  const request = encodeRequest({
    opcode: OPCODE.rrq,
    filename: 'boot.img',
    mode: 'octet',
    options: Object.entries(options).map(([name, value]) => ({ name, value: String(value) })),
  })
  server.handleDatagram(0, request, 0, request.length, 2070, 69)
  while (server.deadline < DAY_MS) server.handleTimer(server.deadline)
  return { sent, received: request.length }
}

const REQUESTS = {
  'lock-step': {},
  'windowsize 64': { blksize: 1428, windowsize: 64 },
  'the largest of all': { blksize: 65_464, windowsize: 65_535 },
}

test.each([
  ['an address far away', false],
  ['a neighbour', true],
])('%s gets no more than from tftp-hpa, whatever was asked for', (_, near) => {
  const hpa = bytesFor(serverNode(tftpHpa5(), { image, rng: new Rng(1) }), {})
  const own = Object.values(REQUESTS).map((options) =>
    bytesFor(new EndpointNode({ image, policy: { window: 'auto' }, near }), options),
  )
  for (const { sent, received } of own) expect(sent / received).toBeLessThanOrEqual(hpa.sent / hpa.received)
  // A window adds nothing: it opens when the client has answered.
  expect(own[1]?.sent).toBeLessThanOrEqual(own[0]?.sent as number)
})
