/**
 * PyTFTPd as published answers options that it does not know with ERROR 9, a code that RFC 1350 and RFC 2347 do not have. Our
 * client asked again without options after ERROR 0, 4 and 8 only, so that neither `get` nor `put` worked with this server.
 * `foresend lab run --device foresend-get --server pytftpd` shows it.
 */
import { expect, it } from 'vitest'
import { patternedImage, runExperiment } from '../../src/lab/experiment.ts'
import { InitiatorNode } from '../../src/lab/initiator-node.ts'
import { Rng } from '../../src/lab/rng.ts'
import { SERVERS } from '../../src/lab/server/catalogue.ts'
import { serverNode } from '../../src/lab/server/model.ts'

it('a request with options that is refused with an unknown code is made again without them', () => {
  const image = patternedImage(5000, 1)
  const { verdict } = runExperiment({
    client: new InitiatorNode({ direction: 'read', sizeBytes: image.length }),
    server: serverNode(SERVERS.pytftpd, { image, rng: new Rng(1) }),
    image,
    up: { delayMs: 0.1 },
    down: { delayMs: 0.1 },
    limits: { untilMs: 600_000, maxDatagrams: 10_000 },
  })
  expect(verdict.kind).toBe('intact')
})
