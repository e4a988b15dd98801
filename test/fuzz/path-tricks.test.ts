/** No name gets out of the folder that is served: as it is asked, and whatever rules make of it; to read, and to store. */
import { beforeAll, describe, expect, test } from 'vitest'
import { fromBytes } from '../../src/content/remap/bytes.ts'
import { parseRequest } from '../../src/packet/index.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { pathTricks, trickFolder, type TrickFolder } from './path-tricks.ts'
import { swapping } from './swapping.ts'
import { tryTricks, WAY_NAMES } from './trick-trial.ts'

let folder: TrickFolder
let tricks: readonly string[]

beforeAll(() => {
  folder = trickFolder(tempFolder())
  tricks = pathTricks(folder)
})

describe.skipIf(process.platform === 'win32')('path tricks', () => {
  test('are many, and stand in a request as they are here', () => {
    expect(tricks.length).toBeGreaterThan(400)
    for (const trick of tricks.filter((name) => name.length <= 512)) {
      const packet = Buffer.from(`\0\x01${trick}\0octet\0`, 'latin1')
      const request = parseRequest(packet, 0, packet.length)
      expect(request.ok && request.value.filename, JSON.stringify(trick)).toBe(fromBytes(trick))
    }
  })

  // `npm run fuzz -- rules` tries all of them in each way.
  test.each(WAY_NAMES)('%s: none gets out', async (way) => {
    const some = way === WAY_NAMES[0] ? tricks : tricks.filter((_, i) => i % 4 === 0)
    const { out, tried, refused, inside } = await tryTricks(folder, way, some)
    expect(out).toEqual([])
    expect(tried).toBeGreaterThanOrEqual(some.length)
    expect(refused).toBeGreaterThan(tried / 2)
    expect(inside).toBeGreaterThan(3)
  })
})

describe.skipIf(process.platform !== 'linux')('a folder that is swapped for a link while it is used', () => {
  test('shows nothing outside, and nothing is stored there', async () => {
    const { reads, writes } = await swapping(folder, 1000)
    expect(reads.secret + writes.escaped).toBe(0)
    // Both states were met, so the race was a race.
    expect(reads.inside).toBeGreaterThan(10)
    expect(reads.refused).toBeGreaterThan(10)
    expect(writes.stored).toBeGreaterThan(5)
  })
})
