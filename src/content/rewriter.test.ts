import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { mkdirSync, writeFileSync } from 'node:fs'
import { openFolder } from './folder.ts'
import { Rewriter } from './rewriter.ts'

let path: string
let server: Server
let connections: Socket[]
/** What the program does with a line. */
let answer: (line: string, socket: Socket) => void

beforeEach(async () => {
  path = join(tempFolder(), 'rewrite.sock')
  connections = []
  server = createServer((socket) => {
    connections.push(socket)
    socket.on('error', () => undefined)
    let text = ''
    socket.setEncoding('latin1').on('data', (data: string) => {
      text += data
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) answer(line, socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
})

afterEach(async () => {
  vi.useRealTimers()
  for (const socket of connections) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

const asking = (name: string) => ({ name, direction: 'read', address: '10.0.0.1' }) as const

describe.skipIf(process.platform === 'win32')('a rewriter', () => {
  test('is asked over one connection, and answers in order', async () => {
    answer = (line, socket) => socket.write(`new ${line}\n`, 'latin1')
    const rewriter = new Rewriter(path)
    const names = await Promise.all(['a', 'b\xe9', 'c d'].map((name) => rewriter.ask(asking(name))))
    expect(names).toEqual(['new 10.0.0.1 read a', 'new 10.0.0.1 read b\xe9', 'new 10.0.0.1 read c d'])
    expect(await rewriter.ask({ ...asking('x'), direction: 'write' })).toBe('new 10.0.0.1 write x')
    expect(connections).toHaveLength(1)
    rewriter.close()
  })

  test.each([
    ['it closed the connection', (socket: Socket) => socket.end()],
    ['without an end of line', (socket: Socket) => socket.write('x'.repeat(4097))],
  ])('that misbehaves is left, and asked anew: %s', async (reason, misbehave) => {
    answer = (_line, socket) => misbehave(socket)
    const rewriter = new Rewriter(path)
    const first = rewriter.ask(asking('a'))
    const second = rewriter.ask(asking('b'))
    await expect(Promise.all([first, second])).rejects.toThrow(reason)
    answer = (_line, socket) => socket.write('good\n')
    expect(await rewriter.ask(asking('c'))).toBe('good')
    rewriter.close()
  })

  test('that says more than it was asked loses its connection: later answers could be those of others', async () => {
    answer = (_line, socket) => socket.write('a\nb\n')
    const rewriter = new Rewriter(path)
    expect(await rewriter.ask(asking('a'))).toBe('a')
    answer = (_line, socket) => socket.write('good\n')
    expect(await rewriter.ask(asking('c'))).toBe('good')
    expect(connections).toHaveLength(2)
    rewriter.close()
  })

  test('that is silent is given up after a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    answer = () => undefined
    const rewriter = new Rewriter(path)
    const asked = rewriter.ask(asking('a'))
    const failed = expect(asked).rejects.toThrow('it did not answer within 1000 ms')
    vi.advanceTimersByTime(1000)
    await failed
    rewriter.close()
  })

  test('is asked nothing that would be two lines, and not without bound', async () => {
    answer = () => undefined
    const rewriter = new Rewriter(path)
    await expect(rewriter.ask(asking('a\nb'))).rejects.toThrow('control character')
    const asked = Array.from({ length: 257 }, () => rewriter.ask(asking('a')))
    const settled = Promise.allSettled(asked)
    await expect(asked[256]).rejects.toThrow('256 requests wait for it already')
    rewriter.close()
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
  })

  test('gives the name of a file, which leads nowhere outside; an empty one is no file', async () => {
    const root = tempFolder()
    mkdirSync(join(root, 'real'))
    writeFileSync(join(root, 'real/x'), 'content')
    const store = await openFolder({ roots: [root], writable: false, overwrite: false, names: { rewriter: path } })
    const open = (filename: string) => store.openRead({ filename, mode: 'octet', address: '10.0.0.1' })
    answer = (_line, socket) => socket.write('real/x\n')
    const image = await open('a')
    expect(image.name).toBe('real/x')
    image.close()
    answer = (_line, socket) => socket.write('../../etc/passwd\n')
    await expect(open('a')).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
    answer = (_line, socket) => socket.write('\n')
    await expect(open('a')).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
    answer = (_line, socket) => socket.destroy()
    await expect(open('a')).rejects.toMatchObject({
      code: 'ERR_TFTP_CONTENT',
      peerText: 'File could not be read or written',
      message: expect.stringContaining(
        `the rewriter at "${path}" gives no name (it closed the connection); check that it runs`,
      ),
    })
    store.close()
  })
})
