/** get and put over real sockets, against a server that the test plays itself. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import type { Progress, Summary } from '../../src/client/options.ts'
import { encodeError } from '../../src/packet/index.ts'
import { eachClientDriver, get, put } from '../support/client-drivers.ts'
import { ScriptedPort } from '../support/scripted-server.ts'
import { openDescriptors, tempFolder } from '../support/temp-folder.ts'

const PLAIN = { blksize: 512, windowsize: 1 }
const ports: ScriptedPort[] = []

afterEach(() => {
  for (const port of ports.splice(0)) port.close()
})

async function open(address?: string, port?: number): Promise<ScriptedPort> {
  const opened = await ScriptedPort.open(address, port)
  ports.push(opened)
  return opened
}

/** A server with its well-known port and a TID. */
async function server(): Promise<{ door: ScriptedPort; tid: ScriptedPort; where: { host: string; port: number } }> {
  const door = await open()
  return { door, tid: await open(), where: { host: '127.0.0.1', port: door.port } }
}

/** Waits for the request at the door and lets `tid` answer its sender. */
async function called(door: ScriptedPort, tid: ScriptedPort): Promise<string> {
  const text = await door.next()
  tid.clientPort = door.clientPort
  return text
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A failure is asserted later: until then it must not count as unhandled. */
function started(transfer: Promise<Summary>): Promise<Summary> {
  transfer.catch(() => {})
  return transfer
}

eachClientDriver(() => {
  describe('get', () => {
    test('offers its options, stores what comes, and gives the file its name before the last ACK', async () => {
      const { door, tid, where } = await server()
      const output = join(tempFolder(), 'out')
      const seen: Progress[] = []
      const done = get({ ...where, filename: 'f', output, onProgress: (p) => seen.push(p) })
      expect(await called(door, tid)).toMatch(/^rrq tsize=0 blksize=[0-9]{4} windowsize=16$/)
      tid.oack('tsize=1003 blksize=1000 windowsize=16')
      expect(await tid.next()).toBe('ack 0')
      tid.data(1, 1000)
      tid.data(2, Buffer.from('end'))
      expect(await tid.next()).toBe('ack 2')
      expect(readFileSync(output)).toHaveLength(1003)
      const bytes = Buffer.concat([Buffer.alloc(1000, 1), Buffer.from('end')])
      const summary = await done
      expect(summary).toMatchObject({ file: 'f', bytes: 1003, blksize: 1000, windowsize: 16, blocks: 2, datagrams: 2 })
      expect(summary).toMatchObject({ sha256: sha256(bytes), retransmitted: 0 })
      expect(summary.crc32).toMatch(/^[0-9a-f]{8}$/)
      expect(seen.at(-1)).toMatchObject({ bytes: 1003, sizeBytes: 1003 })
      expect(seen.every((p) => p.ms >= 0)).toBe(true)
    })

    test('with blksize 512 and windowsize 1 it asks in plain RFC 1350', async () => {
      const { door, tid, where } = await server()
      const done = get({ ...where, filename: 'f', output: join(tempFolder(), 'out'), ...PLAIN })
      expect(await called(door, tid)).toBe('rrq')
      tid.data(1, 0)
      expect(await tid.next()).toBe('ack 1')
      expect((await done).bytes).toBe(0)
    })

    test('dallies: the last block again is acknowledged again, though the promise has resolved', async () => {
      const { door, tid, where } = await server()
      const done = get({ ...where, filename: 'f', output: join(tempFolder(), 'out'), ...PLAIN })
      await called(door, tid)
      tid.data(1, 5)
      expect(await tid.next()).toBe('ack 1')
      await done
      await new Promise((resolve) => setTimeout(resolve, 50))
      tid.data(1, 5)
      expect(await tid.next()).toBe('ack 1')
    })

    test('a second port of the same server harms nothing', async () => {
      const { door, tid, where } = await server()
      const other = await open()
      const output = join(tempFolder(), 'out')
      const done = get({ ...where, filename: 'f', output, ...PLAIN })
      await called(door, tid)
      other.clientPort = door.clientPort
      tid.data(1, 512)
      expect(await tid.next()).toBe('ack 1')
      other.data(1, Buffer.alloc(512, 99))
      other.data(2, Buffer.from('wrong'))
      other.send(encodeError(0, 'go away'))
      tid.data(2, Buffer.from('right'))
      expect(await tid.next()).toBe('ack 2')
      expect((await done).bytes).toBe(517)
      expect(readFileSync(output, 'latin1').slice(510)).toBe('\x01\x01right')
    })

    test('ERROR 8: again without options from a new port; the summary says so', async () => {
      const { door, tid, where } = await server()
      const done = get({ ...where, filename: 'f', output: join(tempFolder(), 'out') })
      await called(door, tid)
      const firstPort = tid.clientPort
      tid.send(encodeError(8, 'no options'))
      expect(await called(door, tid)).toBe('rrq')
      expect(tid.clientPort).not.toBe(firstPort)
      tid.data(1, 3)
      expect((await done).fallback).toContain('no options')
    })

    test('a server that is silent to options gives the file without', async () => {
      const { door, where } = await server()
      const done = started(get({ ...where, filename: 'f', output: join(tempFolder(), 'out'), timeoutMs: 100 }))
      for (let word = await door.next(); word !== 'rrq'; word = await door.next()) expect(word).toMatch(/^rrq tsize=0/)
      door.data(1, 7)
      const { bytes, fallback, noSize } = await done
      expect([bytes, fallback, noSize]).toEqual([7, 'the server did not answer the requests with options', true])
    })

    test('a server that answers the request with options after the plain one left: the file as agreed, from one transfer', async () => {
      const { door, tid, where } = await server()
      const other = await open()
      const output = join(tempFolder(), 'out')
      const done = started(get({ ...where, filename: 'f', output, timeoutMs: 100 }))
      tid.clientPort = 0
      for (let word = await door.next(); word !== 'rrq'; word = await door.next()) tid.clientPort = door.clientPort
      other.clientPort = door.clientPort
      expect(other.clientPort).not.toBe(tid.clientPort)
      tid.oack('blksize=600')
      expect(await tid.next()).toBe('ack 0')
      // The second transfer that this server began, from another port to the port of the plain request: its block would end the file.
      other.data(1, 512)
      tid.data(1, 600)
      expect(await tid.next()).toBe('ack 1')
      tid.data(2, Buffer.from('end'))
      expect(await tid.next()).toBe('ack 2')
      expect(await done).toMatchObject({ bytes: 603, blksize: 600 })
      expect((await done).fallback).toBeUndefined()
      expect(readFileSync(output, 'latin1').slice(598)).toBe('\x01\x01end')
      expect(await other.next(50)).toBe('nothing')
    })

    test('answers that make no sense are told, not silence', async () => {
      const { door, where } = await server()
      const failure = started(
        get({ ...where, filename: 'f', output: join(tempFolder(), 'out'), timeoutMs: 50, retries: 1 }),
      )
      failure.catch(() => {})
      await door.next()
      door.data(900, 100)
      door.send(Uint8Array.of(0, 77, 1, 2))
      await expect(failure).rejects.toMatchObject({
        code: 'ERR_TFTP_PROTOCOL',
        message: expect.stringMatching(
          /2 datagrams from port \d+ \(DATA 900, opcode 77\) came, where an OACK or DATA 1/,
        ),
      })
    })

    test('another size than the expected one is refused, before and after', async () => {
      const folder = tempFolder()
      const output = join(folder, 'out')
      const { door, where } = await server()
      const announced = started(get({ ...where, filename: 'f', output, expectSizeBytes: 1000 }))
      announced.catch(() => {})
      await door.next()
      door.oack('tsize=999')
      await expect(announced).rejects.toMatchObject({
        code: 'ERR_TFTP_CHECKSUM',
        message: expect.stringContaining('announces 999 bytes instead of 1000'),
      })
      // A first block that was cut on its way is a whole file for RFC 1350.
      const cut = started(get({ ...where, filename: 'f', output, expectSizeBytes: 1000, blksize: 512, windowsize: 1 }))
      cut.catch(() => {})
      for (let word = await door.next(); word !== 'rrq'; word = await door.next()) continue
      door.data(1, 256)
      await expect(cut).rejects.toMatchObject({
        code: 'ERR_TFTP_CHECKSUM',
        message: expect.stringContaining('has 256 bytes instead of 1000'),
      })
      expect(readdirSync(folder)).toEqual([])
    })

    test('no answer: ERR_TFTP_TIMEOUT after the retries, nothing is left', async () => {
      const { door, where } = await server()
      const folder = tempFolder()
      const failure = started(get({ ...where, filename: 'f', output: join(folder, 'out'), timeoutMs: 30, retries: 2 }))
      await expect(failure).rejects.toMatchObject({
        code: 'ERR_TFTP_TIMEOUT',
        message: expect.stringContaining('3 requests'),
      })
      for (let i = 0; i < 2; i++) expect(await door.next()).toMatch(/^rrq .*timeout=1$/)
      expect(await door.next()).toBe('rrq')
      expect(readdirSync(folder)).toEqual([])
    })

    test('an answer from another address does not count, and is named', async () => {
      const { door, where } = await server()
      const stranger = await open('127.0.0.2')
      const failure = started(
        get({ ...where, filename: 'f', output: join(tempFolder(), 'out'), timeoutMs: 100, retries: 1 }),
      )
      await called(door, stranger)
      stranger.data(1, 3)
      await expect(failure).rejects.toMatchObject({ message: expect.stringContaining('127.0.0.2 answered instead') })
    })

    test('a server that falls silent: given up after the same patience, the server is told, nothing is left', async () => {
      const { door, tid, where } = await server()
      const folder = tempFolder()
      const options = { timeoutMs: 300, retries: 1, ...PLAIN }
      const failure = started(get({ ...where, filename: 'f', output: join(folder, 'out'), ...options }))
      await called(door, tid)
      tid.data(1, 512)
      await expect(failure).rejects.toMatchObject({ code: 'ERR_TFTP_TIMEOUT' })
      let last = ''
      for (let text = await tid.next(100); text !== 'nothing'; text = await tid.next(100)) last = text
      expect(last).toBe('error 0')
      expect(readdirSync(folder)).toEqual([])
    })

    test('ICMP: the server died', async () => {
      const { door, where } = await server()
      const tid = await ScriptedPort.open()
      const failure = started(get({ ...where, filename: 'f', output: join(tempFolder(), 'out'), ...PLAIN }))
      await called(door, tid)
      tid.data(1, 512)
      await tid.next()
      tid.close()
      await expect(failure).rejects.toMatchObject({ code: 'ERR_TFTP_UNREACHABLE' })
    })

    test('another digest than asked for: ERR_TFTP_CHECKSUM, the server hears an ERROR, the old file stays', async () => {
      const { door, tid, where } = await server()
      const folder = tempFolder()
      const output = join(folder, 'out')
      writeFileSync(output, 'old')
      const failure = started(get({ ...where, filename: 'f', output, sha256: sha256('other'), ...PLAIN }))
      await called(door, tid)
      tid.data(1, Buffer.from('bytes'))
      expect(await tid.next()).toBe('error 0')
      await expect(failure).rejects.toMatchObject({ code: 'ERR_TFTP_CHECKSUM' })
      expect(readFileSync(output, 'latin1')).toBe('old')
      expect(readdirSync(folder)).toEqual(['out'])
    })

    test('the digest asked for, in capitals', async () => {
      const { door, tid, where } = await server()
      const output = join(tempFolder(), 'out')
      const done = get({ ...where, filename: 'f', output, sha256: sha256('bytes').toUpperCase(), ...PLAIN })
      await called(door, tid)
      tid.data(1, Buffer.from('bytes'))
      await done
      expect(readFileSync(output, 'latin1')).toBe('bytes')
    })

    test('an abort ends it: ERROR to the server, nothing left, no descriptor open', async () => {
      const { door, tid, where } = await server()
      const folder = tempFolder()
      const abort = new AbortController()
      const failure = started(
        get({ ...where, filename: 'f', output: join(folder, 'out'), signal: abort.signal, ...PLAIN }),
      )
      await called(door, tid)
      tid.data(1, 512)
      expect(await tid.next()).toBe('ack 1')
      abort.abort()
      await expect(failure).rejects.toMatchObject({ code: 'ERR_TFTP_ABORTED' })
      expect(await tid.next()).toBe('error 0')
      expect(readdirSync(folder)).toEqual([])
      expect(openDescriptors(folder) ?? 0).toBe(0)
      const late = get({ ...where, filename: 'f', output: join(folder, 'out'), signal: abort.signal })
      await expect(late).rejects.toMatchObject({ code: 'ERR_TFTP_ABORTED' })
    })

    test('a full disk: ERROR 3 to the server, nothing left', async (context) => {
      const { door, tid, where } = await server()
      const folder = tempFolder()
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder]).status !== 0) {
        context.skip('a tmpfs may not be mounted here')
      }
      try {
        const options = { blksize: 60_000, windowsize: 1 }
        const failure = started(get({ ...where, filename: 'f', output: join(folder, 'out'), ...options }))
        await called(door, tid)
        tid.oack('blksize=60000')
        await tid.next()
        let said = ''
        for (let block = 1; block < 20 && !said.startsWith('error'); block++) {
          tid.data(block, 60_000)
          said = await tid.next()
        }
        expect(said).toBe('error 3')
        await expect(failure).rejects.toMatchObject({ code: 'ERR_TFTP_DISK_FULL' })
        expect(readdirSync(folder)).toEqual([])
      } finally {
        spawnSync('umount', ['-l', folder])
      }
    })

    test('replaces what a link names, keeps its mode, and does not replace a device', async () => {
      const { door, tid, where } = await server()
      const folder = tempFolder()
      mkdirSync(join(folder, 'sub'))
      const target = join(folder, 'sub', 'real')
      writeFileSync(target, 'old', { mode: 0o600 })
      symlinkSync(target, join(folder, 'link'))
      for (const output of [join(folder, 'link'), '/dev/null']) {
        const done = get({ ...where, filename: 'f', output, ...PLAIN })
        await called(door, tid)
        tid.data(1, Buffer.from('new'))
        await done
        await tid.next()
      }
      expect(readFileSync(target, 'latin1')).toBe('new')
      expect(lstatSync(target).mode & 0o777).toBe(0o600)
      expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true)
      expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
    })

    test('into a stream, which stays open', async () => {
      const { door, tid, where } = await server()
      const stream = new PassThrough()
      const done = get({ ...where, filename: 'f', output: stream, ...PLAIN })
      await called(door, tid)
      tid.data(1, Buffer.from('text'))
      expect((await done).sha256).toBe(sha256('text'))
      expect(String(stream.read())).toBe('text')
      expect(stream.destroyed).toBe(false)
    })

    test('a stream that breaks ends it', async () => {
      const { door, tid, where } = await server()
      const stream = new PassThrough()
      const failure = started(get({ ...where, filename: 'f', output: stream, ...PLAIN }))
      await called(door, tid)
      tid.data(1, 512)
      await tid.next()
      stream.destroy(Object.assign(new Error('broken'), { code: 'EPIPE' }))
      await new Promise((resolve) => setImmediate(resolve))
      tid.data(2, 512)
      await expect(failure).rejects.toMatchObject({
        code: 'ERR_TFTP_CONTENT',
        message: expect.stringContaining('its reader has closed it'),
      })
    })

    test('netascii is turned into local text', async () => {
      const { door, tid, where } = await server()
      const output = join(tempFolder(), 'out')
      const done = get({ ...where, filename: 'f', output, mode: 'netascii', ...PLAIN })
      await called(door, tid)
      tid.data(1, Buffer.concat([Buffer.alloc(511, 'x'), Buffer.from('\r')]))
      await tid.next()
      tid.data(2, Buffer.from('\nb\r\0c\r'))
      const summary = await done
      const text = `${'x'.repeat(511)}\nb\rc\r`
      expect(readFileSync(output, 'latin1')).toBe(text)
      expect(summary).toMatchObject({ bytes: text.length, sha256: sha256(text) })
    })

    test.each([
      ['a folder that is not there', { output: '/nonexistent/out' }, 'ERR_TFTP_NOT_FOUND'],
      ['a folder as the file', { output: '/tmp' }, 'ERR_TFTP_USAGE'],
      ['a blksize out of range', { output: '/tmp/x', blksize: 7 }, 'ERR_TFTP_USAGE'],
      ['a digest that is none', { output: '/tmp/x', sha256: 'abc' }, 'ERR_TFTP_USAGE'],
      ['a name with NUL', { output: join('/tmp', 'foresend-never'), filename: 'a\0b' }, 'ERR_TFTP_USAGE'],
      [
        'a host without address',
        { output: '/tmp/foresend-never', host: 'no.such.host.invalid' },
        'ERR_TFTP_UNREACHABLE',
      ],
      [
        'a local address that is not ours',
        { output: '/tmp/foresend-never', localAddress: '192.0.2.1' },
        'ERR_TFTP_BIND',
      ],
    ])('%s', async (_what, options, code) => {
      await expect(get({ host: '127.0.0.1', port: 1, filename: 'f', ...options })).rejects.toMatchObject({ code })
      expect(existsSync('/tmp/foresend-never')).toBe(false)
    })
  })

  describe('put', () => {
    test('offers its size, sends what the server agrees to', async () => {
      const { door, tid, where } = await server()
      const input = join(tempFolder(), 'in')
      writeFileSync(input, Buffer.alloc(2500, 7))
      const done = put({ ...where, filename: 'f', input })
      expect(await called(door, tid)).toMatch(/^wrq tsize=2500 blksize=[0-9]{4} windowsize=16$/)
      tid.oack('blksize=1000 windowsize=2')
      expect(await tid.next()).toBe('data 1:1000')
      expect(await tid.next()).toBe('data 2:1000')
      tid.ack(2)
      expect(await tid.next()).toBe('data 3:500')
      tid.ack(3)
      const summary = await done
      expect(summary).toMatchObject({ bytes: 2500, sha256: sha256(Buffer.alloc(2500, 7)), blocks: 3, windowsize: 2 })
      expect(summary.lastAck).toBeUndefined()
    })

    test('--wait: five requests a second until the device is there', async () => {
      const probe = await ScriptedPort.open()
      const { port } = probe
      probe.close()
      const done = put({ host: '127.0.0.1', port, filename: 'f', input: Buffer.from('fw'), waitMs: 5000 })
      await new Promise((resolve) => setTimeout(resolve, 500))
      const door = await open('127.0.0.1', port)
      const tid = await open()
      expect(await called(door, tid)).toMatch(/^wrq/)
      tid.ack(0)
      expect(await tid.next()).toBe('data 1:2')
      tid.ack(1)
      expect((await done).bytes).toBe(2)
    })

    test('a server that is silent to options gets the file without; the summary says so', async () => {
      const { door, where } = await server()
      const done = started(put({ ...where, filename: 'f', input: Buffer.from('fw'), timeoutMs: 100 }))
      for (let word = await door.next(); word !== 'wrq'; word = await door.next()) expect(word).toMatch(/^wrq tsize=2/)
      door.ack(0)
      expect(await door.next()).toBe('data 1:2')
      door.ack(1)
      const { blksize, fallback } = await done
      expect([blksize, fallback]).toEqual([512, 'the server did not answer the requests with options'])
    })

    test('a digest is checked before anything is sent', async () => {
      const { door, where } = await server()
      const failure = put({ ...where, filename: 'f', input: Buffer.from('x'), sha256: sha256('y') })
      await expect(failure).rejects.toMatchObject({ code: 'ERR_TFTP_CHECKSUM' })
      expect(await door.next(50)).toBe('nothing')
    })

    test('a file that changed meanwhile: ERROR before the last block', async () => {
      const { door, tid, where } = await server()
      const folder = tempFolder()
      const input = join(folder, 'in')
      writeFileSync(input, Buffer.alloc(1000, 7))
      const failure = started(put({ ...where, filename: 'f', input, ...PLAIN }))
      await called(door, tid)
      tid.ack(0)
      expect(await tid.next()).toBe('data 1:512')
      utimesSync(input, 1, 1)
      tid.ack(1)
      expect(await tid.next()).toBe('error 0')
      await expect(failure).rejects.toMatchObject({ code: 'ERR_TFTP_CHANGED' })
      expect(openDescriptors(folder) ?? 0).toBe(0)
    })

    test('netascii travels as netascii', async () => {
      const { door, tid, where } = await server()
      const done = put({ ...where, filename: 'f', input: Buffer.from('a\nb\r'), mode: 'netascii', ...PLAIN })
      await called(door, tid)
      tid.ack(0)
      expect(await tid.next()).toBe('data 1:6')
      tid.ack(1)
      expect(await done).toMatchObject({ bytes: 4, sha256: sha256('a\nb\r') })
    })

    test.each([
      ['a file that is not there', '/nonexistent/in', 'ERR_TFTP_NOT_FOUND'],
      ['a folder', '/tmp', 'ERR_TFTP_USAGE'],
    ])('%s', async (_what, input, code) => {
      await expect(put({ host: '127.0.0.1', port: 1, filename: 'f', input })).rejects.toMatchObject({ code })
    })

    test('the refusal of the server, escaped', async () => {
      const { door, tid, where } = await server()
      const failure = started(put({ ...where, filename: 'f', input: Buffer.from('x') }))
      await called(door, tid)
      tid.send(encodeError(6, 'exists\x1b[2J'))
      await expect(failure).rejects.toMatchObject({
        code: 'ERR_TFTP_PEER_ERROR',
        wireCode: 6,
        message: expect.stringContaining('exists\\x1b[2J'),
      })
    })
  })
})
