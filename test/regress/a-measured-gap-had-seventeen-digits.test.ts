/** What was learnt of a device was shown as "8 blocks at a time, 0.09260300000005373 ms apart". */
import { expect, test } from 'vitest'
import { devicesOf } from '../../src/control/http/devices.ts'
import { openForWriting } from '../../src/history/database.ts'
import { Reader } from '../../src/history/reader.ts'
import { Writer } from '../../src/history/writer.ts'
import { deviceLines } from '../../src/cli/history-text.ts'
import { PLAIN } from '../../src/cli/render/style.ts'
import { RUN } from '../support/history.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('two of them are enough', () => {
  const folder = tempFolder()
  const { db } = openForWriting(folder)
  const learnt = { window: { windowBlocks: 8, gapMs: 0.09260300000005373 } }
  new Writer(db, RUN).write({ ended: [], learnt: [{ device: '192.0.2.9 1 octet', learnt, time: 1, count: 1 }] })
  db.close()
  const reader = new Reader(folder)
  try {
    expect(devicesOf(reader, 9)[0]?.learnt).toEqual(['it gets 8 blocks at a time, 0.093 ms apart'])
    expect(deviceLines(reader.devices(9), PLAIN).join('\n')).toMatch(/window 8, gap 0\.093 ms/)
  } finally {
    reader.close()
  }
})
