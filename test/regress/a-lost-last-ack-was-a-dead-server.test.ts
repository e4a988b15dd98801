/**
 * A file of one block was stored by a device that restarted before its ACK left. `put` said that nothing of it may have reached the device. And a client that
 * announced another size than it stored was told that the file could not be written.
 */
import { expect, test } from 'vitest'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { InitiatorNode } from '../../src/lab/initiator-node.ts'
import { Rng } from '../../src/lab/rng.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { plainGrant, Storer } from '../../src/lab/storer/storer.ts'
import { LockstepUploader } from '../../src/lab/uploader/lockstep.ts'

const LINKS = { up: { delayMs: 0.1 }, down: { delayMs: 0.1 }, limits: { untilMs: 600_000, maxDatagrams: 10_000 } }

test('the only block may have arrived, and the message says so', () => {
  const image = patternedImage(300, 1)
  const client = new InitiatorNode({ direction: 'write', image, blksize: 512, windowsize: 1 })
  const server = new Storer({
    answersFrom: 'own-port',
    negotiate: plainGrant,
    order: 'inorder',
    repeat: 'ignore',
    lastAck: 'missing',
    timeoutMs: 5000,
    retries: 5,
    opensMs: 0,
    windowMs: Infinity,
    dallyMs: 0,
  })
  runUpload({ client, server, image, ...LINKS })
  expect(client.outcome?.status).toBe('failed')
  expect(client.says).toContain('never acknowledged the only block; it may have the file')
  expect(client.says).not.toContain('nothing of ours may reach it')
})

test('a size that is not the announced one is named to the client', () => {
  const image = patternedImage(1300, 1)
  const client = new LockstepUploader(
    { image },
    {
      mode: 'octet',
      options: [{ name: 'tsize', value: '1301' }],
      requestEveryMs: 5000,
      requests: 5,
      timeoutMs: 5000,
      retries: 5,
      firstBlockAfterMs: 0,
      otherAck: 'ignore',
    },
  )
  const server = STORERS.foresend.make(new Rng(1))
  runUpload({ client, server, image, ...LINKS })
  expect(client.says).toBe('ERROR 0 "Size differs from the tsize that was announced"')
})
