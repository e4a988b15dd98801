/** Each look at /healthz was told as "1 datagram was no request": a server under a supervisor seemed to get noise all day. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { HEALTH_PROBE } from '../../src/server/health-probe.ts'
import { startServer } from '../../src/server/server.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('the check of a server is answered and not counted, and real noise is', async () => {
  const server = await startServer({ path: tempFolder(), hosts: ['127.0.0.1'], port: 0, driver: 'dgram' })
  const socket = createSocket('udp4')
  try {
    const answerTo = async (packet: Uint8Array): Promise<Buffer> => {
      const answered = once(socket, 'message')
      socket.send(packet, server.bound[0]!.port, '127.0.0.1')
      return (await answered)[0] as Buffer
    }
    for (let i = 0; i < 3; i++) expect((await answerTo(HEALTH_PROBE)).readUInt32BE(0)).toBe(0x0005_0004)
    await expect.poll(() => server.stats().network.arrivals, { timeout: 10_000 }).toBeGreaterThanOrEqual(3)
    expect(server.stats().network).toMatchObject({ requests: 0, ignored: 0 })
    await answerTo(Uint8Array.of(0, 9, 0, 1))
    await expect.poll(() => server.stats().network, { timeout: 10_000 }).toMatchObject({ requests: 1, ignored: 1 })
  } finally {
    socket.close()
    await server.stop()
  }
})
