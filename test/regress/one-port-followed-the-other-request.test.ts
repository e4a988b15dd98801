/**
 * A device in its recovery mode receives on one port, and its card shows each frame only when the next one comes. `put` asked with
 * options, again, and without any. The device answered the second request as it saw the third, and saw that one when DATA 1 came: it began anew
 * for the other port of ours, which was closed. DATA 1 left for thirty seconds in vain. Now that port stays open until DATA 1 is
 * acknowledged, and the transfer goes on from it (rule R6).
 */
import { expect, it } from 'vitest'
import { encodeOack } from '../../src/packet/index.ts'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { rxOneBehind } from '../../src/lab/fault/rx-hold.ts'
import { InitiatorNode } from '../../src/lab/initiator-node.ts'
import { plainGrant, Storer } from '../../src/lab/storer/storer.ts'
import { eachClientDriver, put } from '../support/client-drivers.ts'
import { ScriptedPort } from '../support/scripted-server.ts'

it.each([0, 10_000])('a device that sees the plain request when DATA 1 comes is followed (--wait %i ms)', (waitMs) => {
  const image = patternedImage(5000, 1)
  const client = new InitiatorNode({ direction: 'write', image, waitMs })
  const server = new Storer({
    answersFrom: 'port-69',
    negotiate: plainGrant,
    order: 'inorder',
    repeat: 'acknowledge',
    lastAck: 'sent',
    timeoutMs: 5000,
    retries: 5,
    opensMs: 0,
    windowMs: Infinity,
    dallyMs: 3000,
  })
  const { verdict, ms } = runUpload({
    client,
    server,
    image,
    up: { delayMs: 0.1, faults: [rxOneBehind()] },
    // Its answer to the second request.
    down: { delayMs: 0.1, faults: [dropNth([1])] },
    limits: { untilMs: 600_000, maxDatagrams: 10_000 },
  })
  expect(verdict.kind, client.says).toBe('intact')
  expect(ms).toBeLessThan(8000)
})

eachClientDriver(() => {
  it('the transfer goes on from the port that the device answers', async () => {
    const server = await ScriptedPort.open()
    try {
      const { address, port } = server
      const input = new Uint8Array(600).fill(7)
      const sent = put({ host: address, port, filename: 'f', input, blksize: 1024, waitMs: 10_000 })
      await server.next()
      const optionsPort = server.clientPort
      await server.next()
      expect(await server.next()).toBe('wrq')
      const plainPort = server.clientPort
      server.send(encodeOack([{ name: 'blksize', value: '1024' }]), optionsPort)
      expect(await server.next()).toBe('data 1:600')
      expect(server.clientPort).toBe(optionsPort)
      server.send(Uint8Array.of(0, 4, 0, 0), plainPort)
      expect(await server.next()).toBe('data 1:512')
      expect(server.clientPort).toBe(plainPort)
      server.ack(1)
      expect(await server.next()).toBe('data 2:88')
      server.ack(2)
      expect(await sent).toMatchObject({ bytes: 600, blksize: 512 })
    } finally {
      server.close()
    }
  })
})
