import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import type { RecordedTransfer } from './recorder-file.ts'
import { openRecorder } from './recorder.ts'

const LIMITS = { maxFiles: 2, maxFileBytes: 1 << 20 }

function transfer(name: string): RecordedTransfer {
  return {
    startMs: 1_700_000_000_000,
    peer: '192.168.0.1',
    peerPort: 2070,
    local: '192.168.0.66',
    requestPort: 69,
    localPort: 40_000,
    blksize: 512,
    rollover: 0,
    sizeBytes: 1000,
    name,
    comment: '',
  }
}

test('writes what it has when it closes; the oldest files make room, and other files stay', async () => {
  const folder = join(tempFolder(), 'new')
  mkdirSync(folder)
  writeFileSync(join(folder, 'mine.pcapng'), '')
  const troubles: string[] = []
  const recorder = openRecorder({ folder, ...LIMITS, onTrouble: (message) => troubles.push(message) })
  const names = [1, 2, 3].map((n) => `20260101T00000${n}.000Z-192.168.0.1-image-completed-${n}.pcapng`)
  for (const name of names) recorder.end(0, recorder.begin(), () => transfer(name))
  recorder.end(0, recorder.begin(), undefined)
  await recorder.close()
  expect(readdirSync(folder).sort()).toEqual([...names.slice(1), 'mine.pcapng'])
  expect(troubles).toEqual([])
})

test('a thread that ends says that nothing more is recorded', async () => {
  const folder = join(tempFolder(), 'gone')
  const troubles: string[] = []
  const recorder = openRecorder({ folder, ...LIMITS, onTrouble: (message) => troubles.push(message) })
  // The thread has not looked for it yet.
  rmdirSync(folder)
  writeFileSync(folder, '')
  recorder.end(0, recorder.begin(), () => transfer('lost.pcapng'))
  await vi.waitFor(() => expect(troubles).toHaveLength(1), 5000)
  expect(troubles[0]).toMatch(/EEXIST.*; serving goes on, and there are no more recordings until the server is started/)
  await recorder.close()
})
