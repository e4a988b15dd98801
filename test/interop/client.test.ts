/** Our client against servers that none of us wrote. */
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eachClientDriver, get, put } from '../support/client-drivers.ts'
import { findProgram, freePort, missingNote, type RunningServer, startPeer } from './programs.ts'

const SIZES = [0, 1, 511, 512, 513, 142_800, 1_048_576]
/** None at all: plain RFC 1350. */
const PLAIN = { blksize: 512, windowsize: 1 }

interface Peer {
  readonly name: string
  readonly program: string
  readonly debianPackage: string
  readonly uploads: boolean
  readonly netascii: boolean
  /** What comes of asking for 4096 and 16 (loopback's defaults). */
  readonly blksize: unknown
  readonly windowsize: number
  start(program: string, folder: string): Promise<RunningServer>
}

const isRoot = process.getuid?.() === 0

const PEERS: readonly Peer[] = [
  {
    name: 'tftpd-hpa',
    program: 'in.tftpd',
    debianPackage: 'tftpd-hpa',
    uploads: true,
    netascii: true,
    blksize: 4096,
    windowsize: 1,
    start: async (program, folder) => {
      const port = await freePort()
      const args = ['--listen', '--foreground', '--address', `127.0.0.1:${port}`, '--user', user(), '-c', '-p']
      return startPeer(program, [...args, '--secure', folder], '127.0.0.1', port)
    },
  },
  {
    name: 'atftpd',
    program: 'atftpd',
    debianPackage: 'atftpd',
    uploads: true,
    netascii: true,
    blksize: 4096,
    windowsize: 16,
    start: async (program, folder) => {
      const port = await freePort()
      const args = ['--daemon', '--no-fork', '--port', String(port), '--bind-address', '127.0.0.1']
      return startPeer(program, [...args, '--user', user(), '--logfile', '-', folder], '127.0.0.1', port)
    },
  },
  {
    name: 'dnsmasq',
    program: 'dnsmasq',
    debianPackage: 'dnsmasq-base',
    uploads: false,
    netascii: false,
    // From the size of its own buffers.
    blksize: expect.toSatisfy((blksize: number) => blksize > 512 && blksize <= 4096),
    windowsize: 1,
    // It knows no other port than 69, so it gets a loopback address of its own.
    start: (program, folder) => {
      const address = `127.69.${(process.pid >>> 8) & 255}.${process.pid & 255 || 1}`
      const args = [
        '--keep-in-foreground',
        '--port=0',
        '--enable-tftp',
        `--tftp-root=${folder}`,
        '--conf-file=/dev/null',
      ]
      const more = ['--bind-interfaces', `--listen-address=${address}`, `--user=${user()}`, '--pid-file=']
      return startPeer(program, [...args, ...more], address, 69)
    },
  },
]

/** tftpd-hpa and dnsmasq change to it, and only root can change. */
function user(): string {
  return process.env['USER'] ?? 'root'
}

eachClientDriver(() => {
  for (const peer of PEERS) {
    const program = findProgram(peer.program)
    const lacks = program === undefined ? missingNote(peer.program, peer.debianPackage) : isRoot ? '' : 'needs root'
    describe.skipIf(lacks !== '')(`our client and ${peer.name}${lacks === '' ? '' : `: ${lacks}`}`, () => {
      let server: RunningServer
      let folder: string
      let local: string

      beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), 'foresend-peer-'))
        local = mkdtempSync(join(tmpdir(), 'foresend-client-'))
        chmodSync(folder, 0o777)
        for (const size of SIZES) writeFileSync(join(folder, `${size}.bin`), randomBytes(size))
        server = await peer.start(program ?? '', folder)
      })

      afterAll(async () => {
        await server?.stop()
        rmSync(folder, { recursive: true })
        rmSync(local, { recursive: true })
      })

      test.each(SIZES)('get %d bytes, with options and without', async (size) => {
        const source = join(folder, `${size}.bin`)
        for (const options of [{}, PLAIN]) {
          const output = join(local, `${size}.bin`)
          const { address: host, port } = server
          const summary = await get({ host, port, filename: `${size}.bin`, output, ...options })
          expect(sha256(output)).toBe(sha256(source))
          expect(summary).toMatchObject({ bytes: size, sha256: sha256(source) })
          expect(summary.retransmitted).toBeLessThanOrEqual(tolerated(summary.blocks))
          if (options !== PLAIN) expect(summary).toMatchObject({ blksize: peer.blksize, windowsize: peer.windowsize })
          else expect(summary).toMatchObject({ blksize: 512, windowsize: 1, blocks: Math.floor(size / 512) + 1 })
          expect(summary.fallback).toBeUndefined()
        }
        expect(readdirSync(local).filter((name) => name.startsWith('.'))).toEqual([])
      })

      test('a file that is not there is refused, and nothing is left', async () => {
        const output = join(local, 'missing')
        const failure = get({ host: server.address, port: server.port, filename: 'missing', output })
        await expect(failure).rejects.toMatchObject({ code: 'ERR_TFTP_PEER_ERROR', wireCode: 1 })
        expect(existsSync(output)).toBe(false)
      })

      test.each(peer.uploads ? SIZES : [])('put %d bytes, with options and without', async (size) => {
        const input = join(local, `up-${size}`)
        writeFileSync(input, randomBytes(size))
        for (const [name, options] of [
          [`with-${size}`, {}],
          [`plain-${size}`, PLAIN],
        ] as const) {
          const summary = await put({ host: server.address, port: server.port, filename: name, input, ...options })
          await settled(join(folder, name), input)
          expect(sha256(join(folder, name))).toBe(sha256(input))
          expect(summary).toMatchObject({ bytes: size, sha256: sha256(input) })
          expect(summary.retransmitted).toBeLessThanOrEqual(tolerated(summary.blocks))
          expect(summary.lastAck).toBeUndefined()
        }
      })

      // dnsmasq calls it netascii and sends the file as it is.
      test.each(peer.netascii ? ['one\ntwo\r\nthree\rfour\n'.repeat(100)] : [])(
        'netascii there and back',
        async (text) => {
          const where = { host: server.address, port: server.port, mode: 'netascii' as const }
          const input = join(local, 'text')
          writeFileSync(input, text)
          const sent = await put({ ...where, filename: 'text', input })
          await settled(join(folder, 'text'), input)
          expect(readFileSync(join(folder, 'text'), 'latin1')).toBe(text)
          const output = join(local, 'text-back')
          const got = await get({ ...where, filename: 'text', output })
          expect(readFileSync(output, 'latin1')).toBe(text)
          expect([sent.sha256, got.sha256]).toEqual([sha256(input), sha256(input)])
        },
      )
    })
  }
})

/** Nothing is lost on loopback, but a busy machine may be slower than a timer. */
function tolerated(blocks: number): number {
  return 16 + blocks / 4
}

/** Servers acknowledge the last block before they have written it: waits until `path` holds what `input` does. */
async function settled(path: string, input: string): Promise<void> {
  const until = Date.now() + 2000
  while (Date.now() < until && !(existsSync(path) && readFileSync(path).equals(readFileSync(input)))) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
