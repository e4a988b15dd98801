/** The command line within this process: the parts that it starts are doubles that write down what they were given. */
import { describe, expect, test } from 'vitest'
import type { Summary } from '../client/options.ts'
import { ForesendError } from '../error.ts'
import type { Server } from '../server/server.ts'
import type { Context } from './context.ts'
import { run } from './main.ts'
import type { StreamOutput } from './render/output.ts'

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What startServer, get and put were given, in order. */
  readonly calls: readonly unknown[]
  /** Down to which level startServer was asked for events. */
  readonly level: unknown
}

const SUMMARY: Summary = {
  file: 'a.bin',
  bytes: 1000,
  ms: 500,
  sha256: 'ab'.repeat(32),
  crc32: '1a2b3c4d',
  blksize: 512,
  windowsize: 1,
  blocks: 2,
  datagrams: 3,
  retransmitted: 1,
}

/** `outcomes` are those of one transfer after the other, and the last is that of all further ones; without any, each is done. */
async function command(args: readonly string[], ...outcomes: (Partial<Summary> | ForesendError)[]): Promise<Ran> {
  const calls: unknown[] = []
  let asked: unknown
  const stdout = collector()
  const stderr = collector()
  const transfer = async (options: unknown): Promise<Summary> => {
    const outcome = outcomes[Math.min(calls.length, outcomes.length - 1)] ?? {}
    calls.push(options)
    if (outcome instanceof ForesendError) throw outcome
    return { ...SUMMARY, ...outcome }
  }
  const context: Context = {
    stdout: stdout.output,
    stderr: stderr.output,
    now: () => 0,
    // A server, which alone can reload, is asked to stop as soon as it listens for that.
    watch: (stop, reload) => {
      if (reload !== undefined) queueMicrotask(() => stop(1))
      return () => {}
    },
    tools: {
      startServer: async (options, _listener, level) => {
        calls.push(options)
        asked = level
        return {
          bound: [{ address: '127.0.0.1', port: 69 }],
          reload: async () => {},
          stop: async () => {},
          transfers: () => [],
          stats: () => ({ transfers: {}, bytes: {}, network: { sendErrors: {} } }),
          subscribe: () => () => {},
          abort: () => false,
        } as unknown as Server
      },
      openHistory: async ({ folder }) => {
        asked = folder
        return {
          devices: [],
          ended: () => {},
          kept: () => {},
          forget: async () => [],
          learnt: () => {},
          close: async () => {},
        }
      },
      openControlSocket: async () => ({ close: () => {} }),
      get: transfer,
      put: transfer,
    },
  }
  const code = await run(args, context)
  return { code, stdout: stdout.text(), stderr: stderr.text(), calls, level: asked }
}

function collector(): { output: StreamOutput; text: () => string } {
  let text = ''
  const stream = Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, { isTTY: false })
  const write = (piece: string): void => void (text += piece)
  return { output: { stream, broken: undefined, isTTY: false, columns: 100, rows: 24, write }, text: () => text }
}

const HERE = import.meta.filename
const url = (name: string): string => `tftp://127.0.0.1/${name}`

describe('usage mistakes: one line that says what and what to do, exit code 2, nothing started', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['unknown command', ['serv'], /unknown command 'serv'.*Did you mean serve.*foresend --help/],
    ['unknown flag', ['serve', '--prot', '69'], /unknown option '--prot'.*--port.*serve --help/],
    ['a flag without its value', ['serve', '--port'], /--port <N>' argument missing/],
    ['port not a number', ['serve', '--port', 'tftp'], /'tftp' is invalid.*0 to 65535/],
    ['window too large', ['serve', '--window', '65'], /auto, strict, or how many blocks/],
    ['two windows', ['serve', '--window', '2', '--anticipation', '1000'], /give only one/],
    ['strict with copies', ['serve', '--window', 'strict', '--copies', '2'], /leave out --copies/],
    ['strict with a timer', ['serve', '--window', 'strict', '--rto', '50'], /leave out --copies/],
    ['overwrite alone', ['serve', '--overwrite'], /add --writable/],
    ['allow not a network', ['serve', '--allow', 'lan'], /203\.0\.113\.0\/24/],
    ['a name as host', ['serve', '--host', 'localhost'], /an address of this machine/],
    ['two folders', ['serve', 'a', 'b'], /too many arguments/],
    ['get nothing', ['get'], /missing required argument 'url'/],
    ['get by HTTP', ['get', 'http://127.0.0.1/a.bin'], /tftp:\/\//],
    ['get without a name', ['get', url('')], /names no file/],
    ['get an empty text', ['get', ''], /an empty text is no TFTP address/],
    ['get into an empty name', ['get', url('a'), '-o', ''], /-o is empty: name a file/],
    ['get into what climbs out', ['get', url('..')], /-o FILE/],
    ['get two files into one', ['get', url('a.bin'), url('b.bin'), '-o', 'x'], /existing folder/],
    ['get two with one size', ['get', url('a'), url('b'), '--expect-size', '1'], /one by one/],
    [
      'get with two digests',
      ['get', url('a'), '--sha256', '0'.repeat(64), '--expect-sha256', '1'.repeat(64)],
      /leave one of them out/,
    ],
    ['get two with one digest', ['get', url('a'), url('b'), '--sha256', '0'.repeat(64)], /one by one/],
    ['get with a strange mode', ['get', url('a'), '--mode', 'mail'], /octet or netascii/],
    ['put nothing', ['put', url('')], /put takes a file and where/],
    ['put nowhere', ['put', HERE], /put takes a file and where/],
    ['put without a host', ['put', HERE, 'tftp://'], /^foresend: tftp:\/\/ names no host/],
    ['put a name without a host', ['put', HERE, 'tftp:///a'], /^foresend: tftp:\/\/\/a names no host/],
    ['serve an empty text', ['serve', ''], /the folder or file to serve, "" is not right/],
    ['a window of no bytes', ['serve', '--max-window-bytes', '0'], /^foresend: --max-window-bytes 0 is not right/],
    ['a command that moves the cursor', ['a\x1b[31m\u202e'], /unknown command 'a\\x1b\[31m\\u\{202e\}'/],
    ['a file that moves the cursor', ['put', 'a\x1b[31m', url('x')], /a\\x1b\[31m is not there/],
    ['put what is not there', ['put', 'nope', url('nope')], /nope is not there/],
    ['put a folder', ['put', '.', url('x')], /not a file/],
    ['put two files under one name', ['put', HERE, HERE, url('x')], /slash/],
  ])('%s', async (_, args, says) => {
    const ran = await command(args)
    expect(ran.stderr).toMatch(says)
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(ran).toMatchObject({ code: 2, stdout: '', calls: [] })
  })
})

describe('help', () => {
  test.each([[['--help']], [['serve', '--help']], [['get', '--help']], [['put', '--help']]])(
    '%j is a page',
    async (args) => {
      const ran = await command(args)
      expect(ran).toMatchObject({ code: 0, stderr: '', calls: [] })
      expect(ran.stdout).toMatch(/Examples:\n/)
      expect(ran.stdout).toMatch(/Exit codes: /)
      expect(ran.stdout).not.toContain('\x1b')
      for (const line of ran.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
    },
  )

  test('serve has its flags in groups', async () => {
    const { stdout } = await command(['serve', '--help'])
    for (const heading of ['Where it listens:', 'How it sends:', 'Files:', 'Limits:', 'What it shows:']) {
      expect(stdout).toContain(`${heading}\n`)
    }
    const flags =
      'host port allow single-port driver window anticipation copies gap rto writable overwrite log-format log-level record'
    for (const flag of flags.split(' ')) expect(stdout).toContain(`--${flag}`)
  })

  test('without a command: the page, and exit code 2', async () => {
    const ran = await command([])
    expect(ran.code).toBe(2)
    expect(ran.stdout + ran.stderr).toContain('foresend serve images')
  })
})

describe('flags reach the parts', () => {
  test.each([
    [[], 'info'],
    [['--log-level', 'error'], 'error'],
    [['--log-level', 'debug'], 'debug'],
    [['--log-format', 'json'], 'debug'],
    [['--log-format', 'json', '--log-level', 'info'], 'debug'],
    [['--log-format', 'json', '--log-level', 'warn'], 'warn'],
  ])('serve %j asks for events down to %s', async (flags, level) => {
    expect(await command(['serve', ...flags])).toMatchObject({ code: 0, level })
  })

  test('serve takes no other level', async () => {
    const ran = await command(['serve', '--log-level', 'loud'])
    expect(ran).toMatchObject({ code: 2, calls: [] })
    expect(ran.stderr).toContain('It takes error, warn, info or debug.')
  })

  test('serve, without any', async () => {
    const ran = await command(['serve'])
    expect(ran.code).toBe(0)
    expect(ran.calls[0]).toEqual({
      content: { type: 'path', path: '.' },
      workers: 'auto',
      hosts: [],
      port: 69,
      window: 'auto',
      driver: 'auto',
      writable: false,
      overwrite: false,
      singlePort: false,
      allow: [],
    })
  })

  test('serve, with all of them', async () => {
    const args =
      'serve images --host 10.0.0.1 --host ::1 --port 6970 --allow 203.0.113.0/24 --single-port --driver dgram --window 2 ' +
      '--copies 2 --gap 0.5 --rto 50 --writable --overwrite --max-transfers 9 --max-transfers-per-address 3 --record captures ' +
      '--record-failed --record-files 10 --record-mib 2'
    expect((await command(args.split(' '))).calls[0]).toEqual({
      content: { type: 'path', path: 'images' },
      workers: 'auto',
      hosts: ['10.0.0.1', '::1'],
      port: 6970,
      allow: ['203.0.113.0/24'],
      singlePort: true,
      driver: 'dgram',
      window: 2,
      copies: 2,
      gapMs: 0.5,
      rtoMs: 50,
      writable: true,
      overwrite: true,
      maxTransfers: 9,
      maxTransfersPerAddress: 3,
      record: 'captures',
      recordFailed: true,
      recordFiles: 10,
      recordMib: 2,
    })
    expect((await command(['serve', '--anticipation', '1000'])).calls[0]).toMatchObject({ anticipationBytes: 1000 })
  })

  test('get', async () => {
    const digest = 'ab'.repeat(32)
    const args = `get tftp://[fe80::1%eth0]:6969/dir/a.bin;mode=octet -o out.bin --blksize 1024 --windowsize 4 --timeout 0.5 --retries 2 --mode netascii --sha256 ${digest}`
    expect((await command(args.split(' '))).calls).toEqual([
      {
        host: 'fe80::1%eth0',
        port: 6969,
        filename: 'dir/a.bin',
        output: 'out.bin',
        blksize: 1024,
        windowsize: 4,
        timeoutMs: 500,
        retries: 2,
        mode: 'netascii',
        sha256: digest,
        signal: expect.any(AbortSignal),
        onProgress: expect.any(Function),
      },
    ])
  })

  test('get: what the file must be', async () => {
    const { calls } = await command(['get', url('a'), '--expect-size', '1000', '--expect-sha256', 'AB'.repeat(32)])
    expect(calls).toMatchObject([{ expectSizeBytes: 1000, sha256: 'ab'.repeat(32) }])
  })

  test('put', async () => {
    const { calls } = await command(['put', HERE, 'tftp://10.0.0.1/dir/', '--wait', '60'])
    expect(calls).toMatchObject([
      { host: '10.0.0.1', port: 69, filename: 'dir/main.test.ts', input: HERE, waitMs: 60_000, mode: 'octet' },
    ])
  })
})

describe('what a transfer ended with', () => {
  test('done', async () => {
    const ran = await command(['put', HERE, url('a.bin')])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toBe(
      `stored a.bin: 1000 bytes in 500 ms, 2.00 kB/s, 1 repeated datagram, CRC32 1a2b3c4d, sha256 ${'ab'.repeat(32)}\n`,
    )
  })

  test('a missing last acknowledgement, and options that were dropped', async () => {
    const { code, stdout } = await command(['put', HERE, url('a.bin')], {
      lastAck: 'missing',
      fallback: 'ERROR 8\n"no"',
    })
    expect(code).toBe(6)
    expect(stdout).toMatch(/^probably complete a\.bin: .*verify on the device\. Without options: ERROR 8 "no"\n$/)
    const allowed = await command(['put', HERE, url('a.bin'), '--allow-unconfirmed'], {
      lastAck: 'missing',
      cameInstead: '1 datagram (ACK 9)',
    })
    expect(allowed.code).toBe(0)
    expect((await command(['put', HERE, url('a.bin'), '--log-format', 'json'], { lastAck: 'missing' })).code).toBe(6)
    expect(allowed.stdout).toMatch(/missing \(1 datagram \(ACK 9\) came instead\): verify on the device/)
  })

  test('of several, a failure counts for more than a missing acknowledgement, before or after it', async () => {
    const unsure = { lastAck: 'missing' } as const
    const failed = new ForesendError('ERR_TFTP_TIMEOUT', 'silent', { fault: 'network' })
    const args = ['put', HERE, HERE, HERE, `${url('x')}/`]
    expect((await command(args, unsure, failed)).code).toBe(5)
    expect((await command(args, failed, unsure)).code).toBe(5)
    expect((await command(args, {}, unsure)).code).toBe(6)
    expect((await command([...args, '--allow-unconfirmed'], unsure, {}, failed)).code).toBe(5)
  })

  test('no size was given', async () => {
    const { code, stdout } = await command(['get', url('a.bin')], { noSize: true })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^got a\.bin: .*\. The server gave no size: compare it, or give --expect-size\n$/)
    const json = await command(['get', url('a.bin'), '--log-format', 'json'], { noSize: true })
    expect(JSON.parse(json.stdout)).toMatchObject({ event: 'completed', noSize: true })
  })

  test.each([
    ['ERR_TFTP_PEER_ERROR', 'peer', 4],
    ['ERR_TFTP_TIMEOUT', 'network', 5],
    ['ERR_TFTP_CHECKSUM', 'content', 1],
  ] as const)('%s', async (code, fault, exitCode) => {
    const error = new ForesendError(code, 'it went wrong: do this', { fault })
    expect(await command(['get', url('a.bin')], error)).toMatchObject({
      code: exitCode,
      stdout: '',
      stderr: 'failed a.bin: it went wrong: do this\n',
    })
    const json = await command(['get', url('a.bin'), '--log-format', 'json'], error)
    expect(json).toMatchObject({ code: exitCode, stderr: '' })
    expect(JSON.parse(json.stdout)).toEqual({
      event: 'failed',
      time: 0,
      file: 'a.bin',
      code,
      fault,
      cause: 'it went wrong: do this',
    })
  })

  test('one that fails does not keep the next from running', async () => {
    const error = new ForesendError('ERR_TFTP_PEER_ERROR', 'no', { fault: 'peer' })
    const ran = await command(['get', url('a'), url('b')], error)
    expect(ran.stderr).toMatch(/^failed a: no\nfailed b: no\n$/)
    expect(ran.calls).toHaveLength(2)
    expect(ran.code).toBe(4)
  })
})
