/** The live stream over TLS, as `serve --http-cert --http-key` has it. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { findProgram, missingNote } from '../interop/programs.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { start } from './cli-run.ts'
import { Stream } from './http-serving.ts'
import { RawClient } from './raw-client.ts'
import { folderWith } from './serving.ts'

const openssl = findProgram('openssl')
const note = openssl === undefined ? `: ${missingNote('openssl', 'openssl')}` : ''

interface Certificate {
  readonly cert: string
  readonly key: string
}

function selfSigned(): Certificate {
  const folder = tempFolder()
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -addext'.split(
    ' ',
  )
  const made = spawnSync(openssl as string, [...args, 'subjectAltName=IP:127.0.0.1', '-out', cert, '-keyout', key])
  expect([made.status, String(made.error ?? '')]).toEqual([0, ''])
  return { cert, key }
}

test.runIf(openssl)(
  `the stream over TLS resumes behind Last-Event-ID, and begins anew where that is too old${note}`,
  async () => {
    const { cert, key } = selfSigned()
    const folder = folderWith({ 'first.bin': Buffer.alloc(3000), 'second.bin': Buffer.alloc(700) })
    const args = ['serve', folder, '--host', '127.0.0.1', '--port', '0', '--http', '127.0.0.1:0', '--no-history']
    const server = start([...args, '--http-cert', cert, '--http-key', key])
    onTestFinished(async () => {
      server.child.kill('SIGKILL')
      await server.ended
    })
    const [, udp] = await server.seen(/listening on 127\.0\.0\.1:(\d+)/)
    const [, tcp] = await server.seen(/Watch it at: +https:\/\/127\.0\.0\.1:(\d+)\//)
    const port = Number(tcp)

    const streams: Stream[] = []
    onTestFinished(() => streams.forEach((stream) => stream.close()))
    const opened = async (after?: number): Promise<Stream> => {
      const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(cert), minVersion: 'TLSv1.2' })
      await once(socket, 'secureConnect')
      expect(socket.authorized).toBe(true)
      const resume = after === undefined ? '' : `Last-Event-ID: ${after}\r\n`
      socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${resume}\r\n`)
      const stream = new Stream(socket)
      streams.push(stream)
      return stream
    }
    const fetched = async (file: string): Promise<number> => {
      const client = await RawClient.open(Number(udp))
      const { length } = (await client.get(file)) as Buffer
      client.close()
      return length
    }
    const tells = (file: string) => (event: { data: Record<string, unknown> }) =>
      ((event.data.ended ?? []) as { file: string }[]).some((one) => one.file === file)

    const reader = await opened()
    expect((await reader.next()).event).toBe('snapshot')
    expect(await fetched('first.bin')).toBe(3000)
    const last = await reader.next(tells('first.bin'))
    reader.close()

    // What happens while nothing reads is in the frames that a reader gets when it is back.
    expect(await fetched('second.bin')).toBe(700)
    const back = await opened(last.id)
    const first = await back.next()
    expect([first.event, first.id]).toEqual(['changes', last.id + 1])
    const missed = tells('second.bin')(first) ? first : await back.next(tells('second.bin'))
    expect(missed.event).toBe('changes')

    for (const unknown of [last.id - 100_000, last.id + 100_000, 0]) {
      const anew = await opened(unknown)
      const frame = await anew.next()
      expect([unknown, frame.event]).toEqual([unknown, 'snapshot'])
      expect(frame.id).toBeGreaterThanOrEqual(missed.id)
      expect(frame.data.status).toMatchObject({ transfers: { completed: 2 } })
    }

    // A question without TLS gets no answer out of the API.
    const plain = connectPlain(port, '127.0.0.1')
    let answer = ''
    plain.setEncoding('latin1').on('data', (piece: string) => (answer += piece))
    plain.on('error', () => {})
    plain.write(`GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
    await once(plain, 'close')
    expect(answer).not.toMatch(/200 OK|version/)
  },
)
