import { expect, test } from 'vitest'
import { DEVICES, readFaults, runCell, withFaults } from '../../src/lab/index.ts'
import { foresend } from '../../src/lab/server/foresend.ts'
import { DeviceMemory } from '../../src/profile/memory.ts'

/**
 * What leaves again after a silence is a round trip apart (A7). New blocks of the window joined that run while it was under way, at its pace, and
 * each ACK brought the next one: the run never ended, and a window of 32 was slower than lock-step for the rest of the file.
 */
test('new blocks that join a run of repeats leave as fast as the window allows', () => {
  const faulty = withFaults(DEVICES['archer-c2-good'], readFaults('data-loss'))
  const device = { ...faulty, link: { ...faulty.link, rateBytesPerSec: 12.5e6 } }
  const memory = new DeviceMemory()
  const boot = (number: number) =>
    runCell({
      device,
      server: 'foresend',
      model: foresend({ window: 'auto' }),
      sizeBytes: 8_126_464,
      seed: 2,
      boot: number,
      memory,
    })
  const first = boot(1).row
  const second = boot(2).row
  expect([first.verdict, second.verdict]).toEqual(['intact', 'intact'])
  // It took 7.9 s.
  expect(second.ms).toBeLessThan(1.5 * first.ms)
})
