import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openRecorder } from './recorder.ts'

const folder = mkdtempSync(join(tmpdir(), 'foresend-recorder-'))
afterAll(() => rmSync(folder, { recursive: true }))
const hasTshark = spawnSync('tshark', ['--version']).status === 0

describe('openRecorder', () => {
  test('makes the folder and writes what passes', async () => {
    const recorder = await openRecorder({
      folder: join(folder, 'new'),
      comment: 'test',
      onTrouble: expect.unreachable,
    })
    recorder.datagram(true, '192.168.0.66', 69, '192.168.0.1', 2070, Buffer.from('\0\x01a\0octet\0'), 10)
    recorder.datagram(false, '192.168.0.66', 40000, '192.168.0.1', 2070, Buffer.from([0, 3, 0, 1, 65, 99]), 5)
    await recorder.close()
    expect(recorder.dropped).toBe(0)
    const bytes = readFileSync(recorder.file)
    expect(bytes.readUInt32LE(0)).toBe(0x0a0d0d0a)
    expect(bytes.includes('octet')).toBe(true)
    if (!hasTshark) return
    const fields = ['-e', 'ip.src', '-e', 'udp.srcport', '-e', 'udp.dstport', '-e', 'udp.length']
    const shown = execFileSync('tshark', ['-r', recorder.file, '-T', 'fields', ...fields], { encoding: 'utf8' })
    expect(shown.trim().split('\n')).toEqual(['192.168.0.1\t2070\t69\t18', '192.168.0.66\t40000\t2070\t13'])
  })

  test('a folder that cannot be written is one clear line', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    chmodSync(file, 0o600)
    const opening = openRecorder({ folder: file, comment: '', onTrouble: expect.unreachable })
    await expect(opening).rejects.toMatchObject({ code: 'ERR_TFTP_USAGE', message: expect.stringContaining(file) })
  })

  test('a slow disk makes gaps that are reported once, never unbounded memory', async () => {
    const troubles: string[] = []
    const recorder = await openRecorder({ folder, comment: '', onTrouble: (message) => troubles.push(message) })
    const data = new Uint8Array(60_000)
    // Nothing is written before this code ends, so everything waits in memory: 1000 x 60 KB against a bound of 32 MiB.
    for (let i = 0; i < 1000; i++) recorder.datagram(true, '10.0.0.1', 1, '10.0.0.2', 2, data, data.length)
    expect(recorder.dropped).toBeGreaterThan(400)
    expect(recorder.dropped).toBeLessThan(480)
    expect(troubles).toEqual([expect.stringContaining('has gaps')])
    await recorder.close()
  })
})
