/** Run by the kill test: `node history-child.ts FOLDER SEED`. Writes batch after batch, as fast as it can, until it is killed. */
import { rowOf } from '../../src/history/batch.ts'
import { Rng } from '../../src/lab/index.ts'
import { ended, failed, keeperIn, RUN, update } from '../support/history.ts'

const MAX_ROWS = 400
const [folder = '', seed = '1'] = process.argv.slice(2)
const rng = new Rng(Number(seed), 'kill')
const uid = Number(seed).toString(16).padStart(32, '0')
const { keeper, notices } = keeperIn(folder, { run: { ...RUN, uid } })
keeper.start()
keeper.check()
process.stdout.write('ready\n')
for (let seq = 0; notices.length === 0; ) {
  const rows = Array.from({ length: 1 + rng.int(MAX_ROWS) }, () => {
    const transfer = rng.int(10) === 0 ? failed() : ended({ file: `image-${seq}` })
    return rowOf(++seq, transfer, transfer.trace)
  })
  keeper.store({ ended: rows, learnt: [update(`device ${rng.int(50)}`, seq, 1 + rng.int(8))] })
}
process.stdout.write(`${notices.join('\n')}\n`)
