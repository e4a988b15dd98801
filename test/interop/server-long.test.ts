/** More than 65535 blocks: the block number starts again at 0, and clients that none of us wrote go on. */
import { describe, expect, test } from 'vitest'
import { FOREIGN_CLIENTS } from './clients.ts'
import { fetchWhole, storeWhole, titleOf } from './exchange.ts'

/** One in lock-step and one in windows are enough for the time that it takes; Net::TFTP ends at block 65535. */
const ROWS = ['tftp-hpa', 'atftp windowsize 8']
const SIZE_BYTES = 34_000_000
/** Of 512 bytes, the last one not full. */
const BLOCKS = 66_407

for (const client of FOREIGN_CLIENTS.filter(({ name }) => ROWS.includes(name))) {
  describe.skipIf(client.lacks !== undefined)(titleOf(client), () => {
    test('get 34 MB', async () => {
      const { event } = await fetchWhole(client, SIZE_BYTES)
      expect(event).toMatchObject({ blocks: BLOCKS, blksize: 512 })
    })

    test('put 34 MB', async () => {
      const { event } = await storeWhole(client, SIZE_BYTES)
      expect(event).toMatchObject({ blocks: BLOCKS, blksize: 512 })
    })
  })
}
