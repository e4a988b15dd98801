/** get at a server that counts 65535, 1, 2 … : RFC 1350 says nothing of it, and some do. Real sockets, more than 65535 blocks. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import {
  blockOfSeq,
  encodeOack,
  OPCODE,
  parseRequest,
  readBlock,
  readOpcode,
  seqNear,
  writeDataHeader,
} from '../../src/packet/index.ts'
import { eachClientDriver, get } from '../support/client-drivers.ts'
import { tempFolder } from '../support/temp-folder.ts'

const BLOCKS = 66_000
const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

interface Served {
  readonly image: Uint8Array
  readonly blksize: number
  readonly windowsize: number
  /** What goes into the OACK, '' for none. */
  readonly oack: readonly string[]
}

/** A server whose blocks follow 65535 with 1. It sends a window for each ACK and nothing by a timer: loopback loses nothing. */
async function serveRollingToOne({ image, blksize, windowsize, oack }: Served): Promise<number> {
  const socket = createSocket('udp4')
  closing.push(() => socket.close())
  const lastSeq = Math.floor(image.length / blksize) + 1
  let acked = 0
  const send = (port: number): void => {
    for (let seq = acked + 1; seq <= Math.min(lastSeq, acked + windowsize); seq++) {
      const payload = image.subarray((seq - 1) * blksize, seq * blksize)
      const packet = new Uint8Array(4 + payload.length)
      writeDataHeader(packet, 0, blockOfSeq(seq, 1))
      packet.set(payload, 4)
      socket.send(packet, port, '127.0.0.1')
    }
  }
  socket.on('message', (bytes, from) => {
    if (readOpcode(bytes, 0, bytes.length) === OPCODE.ack) {
      acked = seqNear(readBlock(bytes, 0), acked, 1)
      return send(from.port)
    }
    if (!parseRequest(bytes, 0, bytes.length).ok) return
    const options = oack.map((word) => ({ name: word.replace(/=.*/, ''), value: word.replace(/.*=/, '') }))
    if (options.length > 0) socket.send(encodeOack(options), from.port, '127.0.0.1')
    else send(from.port)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

eachClientDriver(() => {
  test.each([
    ['34 MB in lock-step of RFC 1350, no size known', 512, 1, []],
    ['blocks of 8 bytes in windows, the size known', 8, 16, ['blksize=8', 'windowsize=16', `tsize=${BLOCKS * 8 + 3}`]],
  ] as const)('%s', async (_what, blksize, windowsize, oack) => {
    // No two blocks alike, so that a block that is taken for another one shows.
    const image = new Uint8Array(BLOCKS * blksize + 3)
    const view = new DataView(image.buffer)
    for (let i = 0; i + 4 <= image.length; i += 4) view.setUint32(i, i)
    const port = await serveRollingToOne({ image, blksize, windowsize, oack })
    const folder = tempFolder()
    const output = join(folder, 'out')
    const got = await get({ host: '127.0.0.1', port, filename: 'f', output, blksize, windowsize })
    expect(got).toMatchObject({ bytes: image.length, blocks: BLOCKS + 1 })
    expect(got.sha256).toBe(createHash('sha256').update(image).digest('hex'))
    expect(readdirSync(folder)).toEqual(['out'])
  })
})
