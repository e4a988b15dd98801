/**
 * `put --wait` asks every 200 ms, each third time without options from another port. When the OACK was lost, the upload that the
 * first request began was still half-open as the plain request came, and `serve` refused that one: another upload to this name is
 * running (ERROR 2). The client took the refusal for the end, with an advice that leads nowhere ("the server must allow it"). Now the
 * server answers the repeated request once more (rule R1), and the client does not believe such a refusal at once.
 */
import { expect, it } from 'vitest'
import { encodeError } from '../../src/packet/index.ts'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { Rng } from '../../src/lab/rng.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { UPLOADERS } from '../../src/lab/uploader/catalogue.ts'
import { eachClientDriver, put } from '../support/client-drivers.ts'
import { ScriptedPort } from '../support/scripted-server.ts'

it('one lost OACK does not end an upload of our own client to our own server', () => {
  const image = patternedImage(5000, 1)
  const client = UPLOADERS['foresend-put'].make({ image })
  const { verdict } = runUpload({
    client,
    server: STORERS.foresend.make(new Rng(1)),
    image,
    up: { delayMs: 0.1 },
    // The OACK.
    down: { delayMs: 0.1, faults: [dropNth([1])] },
    limits: { untilMs: 600_000, maxDatagrams: 10_000 },
  })
  expect(verdict.kind, client.says).toBe('intact')
})

eachClientDriver(() => {
  it('a server that refuses the plain request gets the one with options again, and the upload is whole', async () => {
    const server = await ScriptedPort.open()
    try {
      const { address, port } = server
      const sent = put({
        host: address,
        port,
        filename: 'f',
        input: new Uint8Array(100),
        blksize: 1024,
        waitMs: 10_000,
      })
      const withOptions = 'wrq tsize=100 blksize=1024 windowsize=16'
      expect(await server.next()).toBe(withOptions)
      const optionsPort = server.clientPort
      expect(await server.next()).toBe(withOptions)
      expect(await server.next()).toBe('wrq')
      server.send(encodeError(2, 'busy'))
      expect(await server.next()).toBe(withOptions)
      expect(server.clientPort).toBe(optionsPort)
      server.oack('blksize=1024')
      expect(await server.next()).toBe('data 1:100')
      server.ack(1)
      expect(await sent).toMatchObject({ bytes: 100, blksize: 1024 })
    } finally {
      server.close()
    }
  })
})
