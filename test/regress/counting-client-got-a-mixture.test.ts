/**
 * A device that takes whatever DATA comes for the next block, as the ROM of the Raspberry Pi does, but asks with another block size. A block was lost, and a
 * nudge, a block ahead or the next one of a window took its place: the device ended with an image of the right size and wrong bytes, and all
 * acknowledgements were right. Such a request now gets one block at a time, and nothing that it did not ask for (rule A13).
 */
import { describe, expect, test } from 'vitest'
import { deviceFrom, readFaults } from '../../src/lab/device/schema.ts'
import { runCell, SERVERS, type ServerName } from '../../src/lab/index.ts'
import { isIntact } from '../../src/lab/run.ts'

const BOOTS = 6

function boots(fault: string, blksize: number, server: ServerName): readonly string[] {
  const client = { model: 'rpi4-rom', blksize }
  const device = deviceFrom({ name: 'rom', description: 'a ROM', source: 'none', client }, 'rom.json')
  return Array.from({ length: BOOTS }, (_, i) => {
    const { row } = runCell({
      device: { ...device, faults: readFaults(fault) },
      server,
      model: SERVERS[server],
      sizeBytes: 300_000,
      seed: i + 1,
    })
    return row.harmful ? 'harmful' : isIntact(row) ? 'intact' : 'failed'
  })
}

describe('a device that counts what comes, and asks with another block size', () => {
  test.each(['foresend', 'foresend-window-2', 'foresend-window-8', 'foresend-copies-2'] as const)(
    'gets its image through lost DATA from %s',
    (server) => {
      for (const fault of ['data-loss:p=0.02', 'data-loss:p=0.05', 'data-loss:p=0.15', 'data-loss:p=0.05,burst=2'])
        for (const blksize of [512, 1468]) expect(boots(fault, blksize, server)).toEqual(Array(BOOTS).fill('intact'))
    },
  )

  test.each(['foresend', 'foresend-window-2', 'foresend-strict'] as const)(
    'is told apart, and takes no mixture for its image, where ACKs are lost as well: %s',
    (server) => {
      for (const fault of ['ack-loss:p=0.03', 'ack-loss:p=0.03+data-loss:p=0.05', 'bit-errors', 'ack-stale'])
        for (const blksize of [512, 1468]) expect(boots(fault, blksize, server)).not.toContain('harmful')
    },
  )
})
