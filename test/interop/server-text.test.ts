/** netascii between our server and clients that none of us wrote: what is a line here is a line there. */
import { describe, test } from 'vitest'
import { FOREIGN_CLIENTS } from './clients.ts'
import { fetchWhole, storeWhole, titleOf } from './exchange.ts'

const TEXTS: readonly [name: string, text: string][] = [
  ['nothing', ''],
  ['lines that end in LF', 'one\ntwo\n\nfour\n'.repeat(100)],
  ['lines that end in CR LF', 'one\r\ntwo\r\n'.repeat(200)],
  ['carriage returns alone', 'one\rtwo\r\rfour\n'.repeat(100)],
  // A pair on the wire starts at byte 511 of one block and ends in the next.
  ['a line feed across two blocks', `${'x'.repeat(511)}\n${'y'.repeat(600)}`],
  ['a carriage return across two blocks', `${'x'.repeat(511)}\r${'y'.repeat(600)}`],
  ['exactly a block on the wire', `${'x'.repeat(510)}\n`],
  ['a carriage return at the end', 'one\r'],
]

for (const client of FOREIGN_CLIENTS.filter(({ netascii, leastPutBytes }) => netascii && leastPutBytes === 0)) {
  describe.skipIf(client.lacks !== undefined)(titleOf(client), () => {
    test.each(TEXTS)('netascii there and back: %s', async (_name, text) => {
      const bytes = Buffer.from(text, 'latin1')
      await fetchWhole(client, bytes, {}, 'netascii')
      await storeWhole(client, bytes, {}, 'netascii')
    })
  })
}
