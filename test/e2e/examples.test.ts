/** What stands in docs/examples/ runs, and does what it says, whatever carries the transfers. */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { probeBatch } from '../../src/io/native/probe.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { RawClient } from './raw-client.ts'

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/watch-and-abort.mjs', import.meta.url))
const SERVER = new URL('../../src/server/index.ts', import.meta.url).href

/** The example with another way to start, and from the sources instead of the package. */
function example(settings: string): string {
  const text = readFileSync(EXAMPLE, 'utf8')
  expect(text).toContain("from 'foresend/server'")
  const path = join(tempFolder(), 'example.mjs')
  const changed = text
    .replace("'foresend/server'", JSON.stringify(SERVER))
    .replace(/startServer\(\{/, `startServer({ hosts: ['127.0.0.1'], ${settings},`)
  writeFileSync(path, changed)
  return path
}

describe.each([
  ['one instance in this thread', "driver: 'dgram'"],
  ['one worker', "driver: 'batch', workers: 1"],
  ['four workers', "driver: 'batch', workers: 4"],
])('watch-and-abort.mjs with %s', (_what, settings) => {
  test.skipIf(settings.includes('batch') && typeof probeBatch() === 'string')(
    'shows what runs, and ends what stands still',
    async () => {
      const folder = tempFolder()
      writeFileSync(join(folder, 'image.bin'), Buffer.alloc(100_000))
      const child = spawn(process.execPath, [example(settings), folder, '0'])
      try {
        let printed = ''
        let isOver = false
        let wake = (): void => {}
        const print = (text: Buffer | string): void => {
          printed += text.toString()
          wake()
        }
        child.stdout.on('data', print)
        child.stderr.on('data', print)
        child.on('close', (code, signal) => {
          isOver = true
          print(`ended with ${code ?? signal}`)
        })
        const seen = async (words: RegExp): Promise<RegExpExecArray> => {
          for (;;) {
            const found = words.exec(printed)
            if (found !== null) return found
            if (isOver) throw new Error(`${words} was not printed:\n${printed}`)
            await new Promise<void>((resolve) => (wake = resolve))
          }
        }
        const [, port] = await seen(/^listening on port (\d+)$/m)
        const client = await RawClient.open(Number(port))
        client.request(1, 'image.bin')
        const first = await client.next()
        client.ack(1, first.port)
        await seen(/^started 127\.0\.0\.1:\d+ image\.bin/m)
        // A second later its figures are printed.
        await seen(/^\d+ 127\.0\.0\.1:\d+ image\.bin \d+ of 100000 bytes$/m)
        // It says nothing more: a stall, and the example ends it.
        await seen(/^stalled 127\.0\.0\.1:\d+ image\.bin/m)
        await seen(/^failed 127\.0\.0\.1:\d+ image\.bin .*ended on request/m)
        for (let packet = await client.next(); packet.opcode !== 5; packet = await client.next()) {
          expect(packet.opcode).toBe(3)
        }
        client.close()
      } finally {
        child.kill('SIGKILL')
      }
    },
  )
})
