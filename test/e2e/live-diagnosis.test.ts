/** `foresend serve` says why a transfer went wrong: devices of the lab on real sockets, events and history as a user reads them. */
import { expect, test } from 'vitest'
import { bootDevice, withFaults } from '../../src/lab/device/device.ts'
import { readFaults } from '../../src/lab/device/schema.ts'
import { DEVICES } from '../../src/lab/index.ts'
import { bootLive } from '../../src/lab-live/device.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { events, run, serve } from './cli-run.ts'
import { folderWith, pattern } from './serving.ts'

const SIZE = 150_000
/** After this a device that asks from another port takes the place of one that was never heard. */
const ABANDONED_MS = 3300

/** What the device says at its end; `switched off` when that does not come within `forMs`. */
async function boot(port: number, filename: string, name: string, faults: string, forMs = 60_000): Promise<string> {
  const device = withFaults(DEVICES[name], readFaults(faults))
  const booted = bootDevice(device, { seed: 3, sizeBytes: SIZE, filename })
  const signal = AbortSignal.timeout(forMs)
  return bootLive({ booted, host: '127.0.0.1', port, signal }).then(
    ({ client }) => client.status,
    () => 'switched off',
  )
}

// Real time: pauses of a busy machine may look like another fault. The same causes are judged in virtual time in test/diagnosis.
test('lost acknowledgements, lost DATA and a deaf device are named in the events and in the history, a healthy neighbour is not', {
  retry: 2,
}, async () => {
  const files = Object.fromEntries(['ack', 'data', 'deaf', 'good'].map((name) => [name, pattern(SIZE)]))
  const folder = folderWith(files)
  const state = tempFolder()
  const server = await serve(folder, ['--state', state])
  const { port } = server
  const deaf = boot(port, 'deaf', 'archer-c2-good', 'dead-rx', ABANDONED_MS).then(() =>
    boot(port, 'deaf', 'archer-c2-good', 'dead-rx', 500),
  )
  expect(await boot(port, 'good', 'archer-c2-good', 'none')).toBe('ok')
  expect(await boot(port, 'ack', 'archer-c2-good', 'ack-loss:p=0.1')).toBe('ok')
  expect(await boot(port, 'data', 'window-16', 'data-loss:p=0.1')).toBe('ok')
  await deaf
  server.child.kill('SIGTERM')
  expect(await server.ended).toMatchObject({ code: 0, stderr: '' })

  const told = events(server.printed.stdout)
  const endOf = (file: string): Record<string, unknown> | undefined =>
    told.find((event) => event.file === file && ['completed', 'failed', 'superseded'].includes(String(event.event)))
  expect(endOf('ack')).toMatchObject({ event: 'completed', cause: 'ack-loss', confidence: expect.any(Number) })
  expect(endOf('data')).toMatchObject({
    event: 'completed',
    cause: 'data-loss',
    advice: expect.stringContaining('cable'),
  })
  expect(endOf('deaf')).toMatchObject({
    event: 'superseded',
    cause: 'dead-rx',
    advice: expect.stringMatching(/cable.*firewall/),
  })
  expect(endOf('good')).toMatchObject({ event: 'completed' })
  expect(told.filter(({ file, cause }) => file === 'good' && cause !== undefined)).toEqual([])

  const listed = events((await run(['history', '--state', state, '--json'])).stdout)
  const causes = Object.fromEntries(
    listed.toReversed().map(({ asked, cause, confidence }) => [asked, [cause, confidence]]),
  )
  for (const file of ['ack', 'data', 'good']) {
    const { cause, confidence } = endOf(file) ?? {}
    expect(causes[file]).toEqual([cause, confidence])
  }
  expect(listed).toContainEqual(expect.objectContaining({ asked: 'deaf', cause: 'dead-rx', outcome: 'superseded' }))
})
