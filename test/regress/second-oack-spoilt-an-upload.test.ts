/**
 * curl counts from 1 again when a second OACK comes, and reads on in its file (lib/tftp.c, tftp_tx). When its first block is
 * lost, our receiver repeats the OACK after a second, long before curl's own timer of six: what is stored lacks 512 bytes, and
 * it is acknowledged. The request announced the size, so the receiver can tell (ERROR 0, nothing is kept), as a `get` does
 * with the size that a server announced. `foresend lab run --put --device curl --server foresend --fault data-loss` shows it.
 */
import { expect, it } from 'vitest'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { Rng } from '../../src/lab/rng.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { UPLOADERS } from '../../src/lab/uploader/catalogue.ts'

it('an upload of another size than announced is not acknowledged', () => {
  const image = patternedImage(5000, 1)
  const { verdict } = runUpload({
    client: UPLOADERS.curl.make({ image }),
    server: STORERS.foresend.make(new Rng(1)),
    image,
    // The request, and then DATA 1.
    up: { delayMs: 0.1, faults: [dropNth([2])] },
    down: { delayMs: 0.1 },
    limits: { untilMs: 600_000, maxDatagrams: 10_000 },
  })
  expect(verdict.harmful, verdict.kind).toBe(false)
})
