/**
 * U-Boot's tftpput takes any ACK for the last one once its final block has left, and a second OACK for the ACK of its first block
 * (net/tftp.c, tftp_handler). Our receiver repeated the ACK of the block before after 250 ms: where the final block was lost, U-Boot
 * reported success, and the server had no file. Where the first one was lost, the OACK that came after a second moved U-Boot on to
 * block 2 for good. A receiver that leaves the repeat to the client's own timer (5 s) gets each block again (rule R2).
 */
import { expect, it } from 'vitest'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { Rng } from '../../src/lab/rng.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { UPLOADERS } from '../../src/lab/uploader/catalogue.ts'

const BLOCKS = 4

function put(up: number[], down: number[]) {
  const image = patternedImage((BLOCKS - 1) * 1468 + 10, 1)
  const client = UPLOADERS['uboot-tftpput'].make({ image })
  const server = STORERS.foresend.make(new Rng(1))
  const { verdict, ms } = runUpload({
    client,
    server,
    image,
    up: { delayMs: 0.1, faults: [dropNth(up)] },
    down: { delayMs: 0.1, faults: [dropNth(down)] },
    limits: { untilMs: 600_000, maxDatagrams: 10_000 },
  })
  return { kind: verdict.kind, timeouts: client.timeouts, ms }
}

/** Of the client the request is the first packet, of the server the OACK. */
const PACKETS = Array.from({ length: BLOCKS + 1 }, (_, i) => i + 1)

it.each(PACKETS)('packet %d of a tftpput is lost: its own timer brings it again', (k) => {
  expect(put([k], [])).toMatchObject({ kind: 'intact', timeouts: 1 })
})

it.each(PACKETS)('packet %d to a tftpput is lost: its own timer brings it again', (k) => {
  expect(put([], [k])).toMatchObject({ kind: 'intact', timeouts: 1 })
})

it('the final block is lost, and the two repeats that its own timer brings', () => {
  const last = BLOCKS + 1
  expect(put([last, last + 1, last + 2], [])).toMatchObject({ kind: 'intact', timeouts: 3 })
})
