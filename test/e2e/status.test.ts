/** What a server that runs says of itself and does on request, through the control socket of its state folder. */
import { describe, expect, test } from 'vitest'
import { openHistory } from '../../src/history/index.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { events, run, serve } from './cli-run.ts'
import { RawClient } from './raw-client.ts'
import { folderWith, pattern } from './serving.ts'

const GOOD = ['lab', 'device', 'archer-c2-good', '--host', '127.0.0.1', '--file', 'image']
/** What the device is known by: its address and its request. */
const DEVICE = '127.0.0.1 1 octet timeout=1'

describe('a server that runs', () => {
  test('shows what it does, and forgets a device at once', async () => {
    const folder = folderWith({ image: pattern(200_000) })
    const state = tempFolder()
    const before = await openHistory({ folder: state, version: '0', notice: (message) => expect.fail(message) })
    before.learnt({ device: DEVICE, learnt: { window: { windowBlocks: 8, gapMs: 0 } }, time: 1, count: 1 })
    await before.close()
    const server = await serve(folder, ['--state', state])
    const boot = async (): Promise<void> => {
      const ran = await run([...GOOD, '--port', String(server.port)])
      expect(ran.code).toBe(0)
    }
    const windows = (): unknown[] =>
      events(server.printed.stdout).flatMap(({ event, file, window }) =>
        event === 'started' && file === 'image' ? [window] : [],
      )
    await boot()
    const forgot = await run(['history', 'forget', '127.0.0.1', '--state', state])
    expect([forgot.code, forgot.stdout]).toEqual([0, 'forgotten what was learnt of 127.0.0.1 (1 kind of request)\n'])
    await boot()
    const [known, forgotten] = windows()
    expect(known).toBeGreaterThan(1)
    expect(forgotten).toBe(1)

    const client = await RawClient.open(server.port)
    client.request(1, 'image')
    const { port } = await client.next()
    client.ack(1, port)
    // Its size is known from its start on, which is the third here.
    await server.seen(/(?:"event":"started"[\s\S]*?){3}/)
    const shown = await run(['status', '--state', state, '--json'])
    expect([shown.code, JSON.parse(shown.stdout)]).toMatchObject([
      0,
      {
        pid: server.child.pid,
        listening: [{ address: '127.0.0.1', port: server.port }],
        counts: { running: 1, completed: 2 },
        transfers: [{ file: 'image', sizeBytes: 200_000 }],
      },
    ])
    const text = await run(['status', '--state', state])
    expect(text.stdout).toMatch(
      /^Foresend .* listening on 127\.0\.0\.1:\d+ for .*\nso far: 2 transfers completed \(400 kB\).*\n *no\. +client .*\n.*image +(requested|running|stalled)/,
    )
    const stat = await run(['stat', '--state', state])
    expect(stat.stdout).toMatch(/\n +2 {2}transfers completed\n/)
    client.socket.close()
    server.child.kill('SIGTERM')
    await server.ended
    const gone = await run(['status', '--state', state])
    expect([gone.code, gone.stderr]).toEqual([
      1,
      expect.stringMatching(/^foresend: no server runs with the state folder .*--state\n$/),
    ])
  })
})
