/** `foresend watch` between two hosts, as network namespaces that this file makes and removes; the client is another program. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folderWith, pattern } from './serving.ts'
import { LAUNCHER } from '../support/launcher.ts'

const WATCHER = `foresend-w${process.pid}`
const DEVICE = `foresend-d${process.pid}`
const ASKED = '192.168.0.66'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0
const hasPrograms = spawnSync('busybox', ['tftp', '--help']).status === 0 && spawnSync('in.tftpd', ['-V']).status === 0
const possible = isRoot && hasPrograms && makeNamespaces()
const why = isRoot
  ? hasPrograms
    ? ''
    : ' (needs busybox with tftp, and in.tftpd of tftp-hpa)'
  : ' (needs root on Linux)'

function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}

function makeNamespaces(): boolean {
  if (!ip('netns', 'add', WATCHER)) return false
  const made =
    ip('netns', 'add', DEVICE) &&
    ip('link', 'add', 'wv', 'netns', WATCHER, 'type', 'veth', 'peer', 'name', 'dv', 'netns', DEVICE)
  if (!made) removeNamespaces()
  return made
}

function removeNamespaces(): void {
  ip('netns', 'del', WATCHER)
  ip('netns', 'del', DEVICE)
}

const programs: Program[] = []

/** A program in a namespace. Its lines of standard output, as they come. */
class Program {
  readonly lines: string[] = []
  readonly child: ChildProcess
  #heard = (): void => {}
  #isOver = false

  constructor(namespace: string, ...command: string[]) {
    this.child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: this.child.stdout as NonNullable<typeof this.child.stdout> })
      .on('line', (line) => {
        this.lines.push(line)
        this.#heard()
      })
      .on('close', () => {
        this.#isOver = true
        this.#heard()
      })
    programs.push(this)
  }

  async line(matches: (line: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.lines.find(matches)
      if (found !== undefined) return found
      if (this.#isOver) throw new Error(`it ended before that line: ${this.lines.join('\n')}`)
      await new Promise<void>((resolve) => (this.#heard = resolve))
    }
  }

  async event(kind: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.line((line) => line.includes(`"event":"${kind}"`))) as Record<string, unknown>
  }

  async exit(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode
    const [code] = (await once(this.child, 'exit')) as [number | null]
    return code
  }
}

const watch = (...flags: string[]): Program =>
  new Program(WATCHER, process.execPath, LAUNCHER, 'watch', 'wv', '--json', ...flags)
const get = (...flags: string[]): Program =>
  new Program(DEVICE, 'timeout', '5', 'busybox', 'tftp', '-g', '-r', 'image.bin', '-l', '/dev/null', ...flags, ASKED)

describe.runIf(possible)(`watching a network card${why}`, () => {
  beforeAll(() => {
    ip('-n', WATCHER, 'link', 'set', 'wv', 'up')
    ip('-n', DEVICE, 'link', 'set', 'dv', 'up')
    ip('-n', WATCHER, 'addr', 'add', '192.168.1.5/24', 'dev', 'wv')
    ip('-n', DEVICE, 'addr', 'add', '192.168.0.1/24', 'dev', 'dv')
  })
  afterAll(() => {
    // Those of a test that failed.
    for (const { child } of programs) child.kill()
    removeNamespaces()
  })

  test('an address that no machine has, the file, a server that gives it, and a link that is lost', async () => {
    const watching = watch()
    expect(await watching.event('watching')).toMatchObject({ interface: 'wv' })
    const first = get()
    expect(await watching.event('address-missing')).toMatchObject({
      address: ASKED,
      isOurs: false,
      device: { address: '192.168.0.1' },
      type: [`sudo ip addr add ${ASKED}/24 dev wv`],
    })
    first.child.kill()
    // What the line to type does.
    expect(ip('-n', WATCHER, 'addr', 'add', `${ASKED}/24`, 'dev', 'wv')).toBe(true)
    const second = get()
    expect(await watching.event('unanswered')).toMatchObject({
      because: 'no-server-here',
      type: [`sudo foresend serve image.bin --host ${ASKED}`],
      request: { file: 'image.bin', isOurs: true },
    })
    second.child.kill()
    const folder = folderWith({ 'image.bin': pattern(100_000) })
    const server = new Program(WATCHER, 'in.tftpd', '-L', '-u', 'root', '-a', `${ASKED}:69`, '-s', folder)
    // It says nothing when it is ready: the client repeats its request.
    expect(await get('-b', '1024').exit()).toBe(0)
    expect(await watching.event('answered')).toMatchObject({
      server: { address: ASKED },
      oack: [
        { name: 'blksize', value: '1024' },
        { name: 'tsize', value: '100000' },
      ],
    })
    const done = await watching.line(
      (line) => line.includes('"event":"ended"') && line.includes('"outcome":"complete"'),
    )
    expect(JSON.parse(done)).toMatchObject({ transfer: { causes: [], blocks: { acknowledged: 98 } } })
    server.child.kill('SIGTERM')
    ip('-n', DEVICE, 'link', 'set', 'dv', 'down')
    expect(await watching.line((line) => line.includes('"state":"no-carrier"'))).toContain('"event":"link"')
    ip('-n', DEVICE, 'link', 'set', 'dv', 'up')
    await watching.line((line) => line.includes('"state":"up"'))
    watching.child.kill('SIGINT')
    expect(await watching.exit()).toBe(0)
  }, 60_000)
})
