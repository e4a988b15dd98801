/** Where all ports of `--port-range` were taken, the batch driver let the system choose one: a firewall drops what leaves from it. */
import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { expect, test } from 'vitest'
import { eachDriver, folderWith, serve } from '../e2e/serving.ts'

eachDriver((driver) => {
  test('a range without a free port refuses the transfer', async () => {
    const port = driver === 'batch' ? 9340 : 9341
    const holder = createSocket('udp4')
    holder.bind(port, '127.0.0.1')
    await once(holder, 'listening')
    const { client, event } = await serve(folderWith({ a: Buffer.from('x') }), { portRange: `${port}:${port}` })
    const one = await client()
    one.request(1, 'a')
    expect((await one.next()).opcode).toBe(5)
    const { reason } = await event('refused')
    expect(reason).toContain(`all ports from ${port} to ${port} are taken; widen --port-range`)
    holder.close()
  })
})
