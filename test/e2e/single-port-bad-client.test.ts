/** On a single port all transfers share a socket. A client that misbehaves there ends its own transfer, and no other. */
import { expect, test } from 'vitest'
import { eachDriver, folderWith, pattern, serve } from './serving.ts'

const image = pattern(60_000)

eachDriver(() => {
  test('a client that sends nonsense, ERRORs and wrong ACKs is alone in that', async () => {
    const running = await serve(folderWith({ image, other: pattern(5000) }), { singlePort: true })
    const [good, bad] = [await running.client(), await running.client()]
    bad.request(1, 'other')
    expect((await bad.next()).number).toBe(1)
    const loading = good.get('image')
    const nonsense = [
      [],
      [0],
      [0, 9, 0, 0],
      [0, 4, 0xff, 0xff],
      [0, 3, 0, 1, 7, 7],
      [0, 6, 0],
      [0, 4],
      Array.from({ length: 2000 }, () => 1),
    ]
    for (let round = 0; round < 20; round++) {
      for (const packet of nonsense) bad.raw(Uint8Array.from(packet))
      await new Promise((resolve) => setImmediate(resolve))
    }
    bad.error(0, 'I give up', running.port)
    expect(image.equals((await loading) as Buffer)).toBe(true)
    expect(await running.event('completed')).toMatchObject({ file: 'image', bytes: image.length })
    expect(await running.event('failed')).toMatchObject({ file: 'other', code: 'ERR_TFTP_PEER_ERROR' })
  })
})
