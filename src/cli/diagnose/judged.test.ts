import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { diagnose } from '../../capture/diagnosis/index.ts'
import { packet } from '../../../test/golden/capture-maker.ts'
import { blocks, Scene } from '../../../test/golden/capture-scene.ts'
import { PLAIN } from '../render/style.ts'
import { judgeCapture } from './judged.ts'
import { diagnosisJson } from './json.ts'
import { captureLines } from './text.ts'

const folder = mkdtempSync(join(tmpdir(), 'foresend-judged-'))
afterAll(() => rmSync(folder, { recursive: true }))

function written(names: readonly string[]): string {
  const path = join(folder, `${names.join('-')}.pcapng`)
  const scene = new Scene()
  for (const name of names) {
    blocks(scene.ask(packet.rrq(name)), 1, 3)
      .server(packet.data(4, 1))
      .client(packet.ack(4))
  }
  writeFileSync(path, scene.file())
  return path
}

test('a transfer at which the diagnosis fails is named, and the others are judged', async () => {
  const seen: number[] = []
  const capture = await judgeCapture(
    written(['good', 'odd']),
    ({ id }) => seen.push(id),
    (transfer) => {
      if (transfer.request?.filename === 'odd') throw new TypeError('no branch')
      return diagnose(transfer)
    },
  )
  expect(capture.judged.map(({ transfer }) => transfer.id)).toEqual(seen)
  expect(seen).toHaveLength(1)
  const lines = captureLines(capture, { style: PLAIN, columns: 100 }).join('\n')
  expect(lines).toMatch(/"odd".*could not be judged \(TypeError: no branch\), and may have failed/)
  expect(lines).toContain('healthy. The transfer is complete')
  expect(JSON.parse(diagnosisJson([capture]))).toMatchObject({
    captures: [{ transfers: 2, unjudged: [{ reason: 'TypeError: no branch' }] }],
  })
})

test('a capture of nothing else is not said to be empty', async () => {
  const capture = await judgeCapture(
    written(['odd']),
    () => {},
    () => {
      throw new TypeError('no branch')
    },
  )
  const lines = captureLines(capture, { style: PLAIN, columns: 100 })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('could not be judged')
})
