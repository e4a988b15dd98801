/**
 * U-Boot's tftpput takes any ACK for the last one once its final block has left (net/tftp.c). When that block is lost, our
 * receiver repeats the ACK of the block before after 250 ms: U-Boot reports success, and the server has no file. A receiver
 * that leaves the repeat to the client's own timer (5 s) gets the block again. U-Boot is known by its request: `timeout` and
 * `blksize`, in this order.
 */
import { expect, it } from 'vitest'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { Rng } from '../../src/lab/rng.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { UPLOADERS } from '../../src/lab/uploader/catalogue.ts'

it.fails('a client that takes any ACK for its last one stores the file after all', () => {
  const image = patternedImage(3 * 1468 + 10, 1)
  const { verdict } = runUpload({
    client: UPLOADERS['uboot-tftpput'].make({ image }),
    server: STORERS.foresend.make(new Rng(1)),
    image,
    // The request, three whole blocks, and then the final one.
    up: { delayMs: 0.1, faults: [dropNth([5])] },
    down: { delayMs: 0.1 },
    limits: { untilMs: 600_000, maxDatagrams: 10_000 },
  })
  expect(verdict.kind).toBe('intact')
})
