import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import type { TransferEvent } from '../endpoint/contract.ts'
import { HookCommand } from './hook-command.ts'
import { HookSocket } from './hook-socket.ts'

function event(more: Partial<TransferEvent> = {}): TransferEvent {
  return {
    event: 'completed',
    time: 1,
    id: 7,
    client: '[fe80::1%eth0]:2070',
    file: '$(touch owned) a.bin',
    direction: 'read',
    bytes: 1000,
    blocks: 2,
    datagrams: 2,
    retransmitted: 0,
    window: 1,
    ms: 5,
    rateBytesPerSec: 1,
    ...more,
  }
}

function script(body: string): { command: string; folder: string } {
  const folder = tempFolder()
  const command = join(folder, 'hook')
  writeFileSync(command, `#!/bin/sh\ncd '${folder}'\n${body}\n`)
  chmodSync(command, 0o755)
  return { command, folder }
}

describe('a command for each transfer that ends', () => {
  test('gets arguments that no shell reads, and the event as JSON', async () => {
    const { command, folder } = script('printf "%s|" "$@" >> args; cat >> events')
    const notices: string[] = []
    const hook = new HookCommand({ command, notice: (message) => notices.push(message) })
    hook.event(event({ event: 'progress' }))
    hook.event(event())
    await hook.close()
    expect(readFileSync(join(folder, 'args'), 'utf8')).toBe('completed|fe80::1%eth0|$(touch owned) a.bin|1000|')
    expect(JSON.parse(readFileSync(join(folder, 'events'), 'utf8'))).toEqual(event())
    expect(existsSync(join(folder, 'owned'))).toBe(false)
    expect(notices).toEqual([])
  })

  test('what does not work becomes a notice: a failure, one that hangs, one that is not there', async () => {
    const notices: string[] = []
    const notice = (message: string): void => void notices.push(message)
    for (const [command, longestMs] of [
      [script('exit 3').command, 30_000],
      [script('exec sleep 30').command, 100],
      ['/none/such', 30_000],
      // Node throws this one.
      [join(script('').command, 'such'), 30_000],
    ] as const) {
      const hook = new HookCommand({ command, notice, longestMs })
      hook.event(event())
      await hook.close()
    }
    expect(notices[0]).toContain('ended with exit code 3 after completed of transfer 7')
    expect(notices[1]).toContain('took longer than 0.1 s')
    expect(notices[2]).toContain('could not be run: ENOENT')
    expect(notices[3]).toContain('could not be run: ENOTDIR')
    expect(notices.length).toBe(4)
  })

  test('a process without a descriptor to spare goes on, with a notice', () => {
    const program = `
      import { openSync } from 'node:fs'
      import { HookCommand } from ${JSON.stringify(new URL('./hook-command.ts', import.meta.url).href)}
      const hook = new HookCommand({ command: '/bin/true', notice: console.log, longestMs: 200 })
      console.log('')
      try { for (;;) openSync('/dev/null') } catch {}
      hook.event(${JSON.stringify(event())})
      await hook.close()`
    const node = `ulimit -n 100; exec '${process.execPath}' --input-type=module -e "$1"`
    const { stdout, status } = spawnSync('sh', ['-c', node, 'sh', program], { encoding: 'utf8' })
    expect([stdout.trim(), status]).toEqual([expect.stringContaining('could not be run: EMFILE'), 0])
  })

  test('a server that ends waits for what runs, and no longer for what waits', async () => {
    const notices: string[] = []
    const { command } = script('exec sleep 30')
    const hook = new HookCommand({ command, notice: (message) => notices.push(message), longestMs: 100 })
    for (let i = 0; i < 100; i++) hook.event(event())
    await hook.close()
    expect(notices.filter((line) => line.includes('longer than')).length).toBeLessThanOrEqual(12)
    expect(notices.filter((line) => line.includes('the server ended before'))).toHaveLength(1)
  })

  test('never more than four at once; what cannot wait either is left out, with one notice', async () => {
    const { command, folder } = script(
      'n=$(ls run.* 2>/dev/null | wc -l); : > run.$$; sleep 0.05; echo $n >> seen; rm run.$$',
    )
    const notices: string[] = []
    const hook = new HookCommand({ command, notice: (message) => notices.push(message) })
    for (let i = 0; i < 12; i++) hook.event(event())
    await hook.close()
    const seen = readFileSync(join(folder, 'seen'), 'utf8').trim().split('\n').map(Number)
    expect(seen.length).toBe(12)
    expect(Math.max(...seen)).toBeLessThan(4)

    const notice = (message: string): void => void notices.push(message)
    const slow = new HookCommand({ command: '/bin/true', notice, mostWaiting: 3 })
    for (let i = 0; i < 10; i++) slow.event(event())
    expect(notices.length).toBe(1)
    expect(notices[0]).toContain('some get no run')
    await slow.close()
  })
})

/** A program that reads events. */
async function reader(path: string): Promise<{ server: Server; text: () => string; first: Promise<Socket> }> {
  let text = ''
  const { promise: first, resolve } = Promise.withResolvers<Socket>()
  const server = createServer((socket) => {
    resolve(socket)
    socket.on('data', (piece) => (text += String(piece)))
  })
  server.listen(path)
  await once(server, 'listening')
  return { server, text: () => text, first }
}

describe('a reader on a Unix socket', () => {
  test('gets each event as a line', async () => {
    const path = join(tempFolder(), 'events.sock')
    const { server, text, first } = await reader(path)
    const hook = new HookSocket({ path, notice: () => {} })
    const socket = await first
    // The other end knows of the connection by now; this one may need another turn.
    while (text() === '') {
      hook.event(event())
      await new Promise(setImmediate)
    }
    const closed = once(socket, 'close')
    await hook.close()
    socket.end()
    await closed
    server.close()
    for (const line of text().trim().split('\n')) expect(JSON.parse(line)).toEqual(event())
  })

  test('that is not there is one notice, and what was dropped another when it comes', async () => {
    const path = join(tempFolder(), 'events.sock')
    const notices: string[] = []
    const back = Promise.withResolvers<void>()
    const hook = new HookSocket({
      path,
      notice: (message) => {
        notices.push(message)
        if (message.includes('again')) back.resolve()
      },
    })
    for (let i = 0; i < 5; i++) hook.event(event())
    const { server, first } = await reader(path)
    await back.promise
    hook.event(event())
    expect(notices[0]).toContain('has no reader (ENOENT)')
    expect(notices.slice(1)).toEqual([`${path} has a reader again`, `${path}: 5 events were dropped`])
    const socket = await first
    socket.end()
    await hook.close()
    server.close()
  })
})
