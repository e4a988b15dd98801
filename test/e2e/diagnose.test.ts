/** The parts of `foresend diagnose` that need a process of its own; the others are tested in src/cli/diagnose. */
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { packet } from '../golden/capture-maker.ts'
import { blocks, Scene } from '../golden/capture-scene.ts'
import { start } from './cli-run.ts'

test('a capture on standard input, packed', async () => {
  const scene = blocks(new Scene().ask(packet.rrq('image')), 1, 20)
    .server(packet.data(21, 1))
    .client(packet.ack(21))
  const running = start(['diagnose', '-'], { stdin: 'pipe' })
  running.child.stdin?.end(gzipSync(scene.file()))
  const ran = await running.ended
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toMatch(/^standard input: 1 transfer in 43 frames\n/)
  expect(ran.stdout).toContain('healthy. The transfer is complete')
})

test('standard input that is no capture', async () => {
  const running = start(['diagnose', '-', '--json'], { stdin: 'pipe' })
  running.child.stdin?.end('no capture at all, only text')
  const ran = await running.ended
  expect(ran.code).toBe(3)
  expect(ran.stderr).toMatch(/^foresend: standard input [^\n]+\n$/)
  expect(ran.stdout).toBe('{"transfers":[],"captures":[]}\n')
})
