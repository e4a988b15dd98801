/** A device that asks for files that are not there, as PXE tries ten names, had as many failed transfers on the page. */
import { expect, test } from 'vitest'
import { devicesOf } from '../../src/control/http/devices.ts'
import { openForWriting } from '../../src/history/database.ts'
import { Reader } from '../../src/history/reader.ts'
import { Writer } from '../../src/history/writer.ts'
import { ended, failed, rows, RUN } from '../support/history.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('of a device they are counted apart, and so are boots that began anew or lack the last acknowledgement', () => {
  const folder = tempFolder()
  const { db } = openForWriting(folder)
  const refused = ended({ event: 'refused', code: 'ERR_TFTP_NOT_FOUND', reason: 'there is no such file', bytes: 0 })
  const others = [ended(), ended({ lastAck: 'missing' }), ended({ event: 'superseded' }), ended({ event: 'probed' })]
  new Writer(db, RUN).write({ ended: rows(...others, failed(), refused, refused), learnt: [] })
  db.close()
  const reader = new Reader(folder)
  try {
    expect(devicesOf(reader, 9)).toMatchObject([{ transfers: 7, failed: 1, refused: 2 }])
    // What there is to look at is more than that.
    expect(reader.page({ failed: true }, 9)).toHaveLength(5)
  } finally {
    reader.close()
  }
})
