/**
 * `put --wait` asks every 200 ms, each third time without options from another port. When the OACK is lost, the upload that the
 * first request began is still half-open as the plain request comes, and `serve` refuses that one: another upload to this name is
 * running (ERROR 2). The client takes the refusal for the end, with an advice that leads nowhere ("the server must allow it"). Either
 * side can mend it: a half-open upload of the same address gives way, or the client waits for the other kind of request when
 * one of them is refused. `foresend lab run --put --device foresend-put --server foresend --fault eee-wake:p=0.01..0.3 --seed 7`
 * with `--size 30k` shows it.
 */
import { expect, it } from 'vitest'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { Rng } from '../../src/lab/rng.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { UPLOADERS } from '../../src/lab/uploader/catalogue.ts'

it.fails('one lost OACK does not end an upload of our own client to our own server', () => {
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
