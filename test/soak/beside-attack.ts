/**
 * What a running transfer loses while the server is attacked: `npm run soak:attack -- KIND [ROUNDS [apart]]`. KIND is
 * `requests`, `slow` (connections), `readers` (that do not read), `bodies` (without an end), or `http` for the last three at once. Quiet and
 * attacked spans take turns within one transfer in lock-step over a round trip of a millisecond, so that a slow machine slows both. Linux,
 * with koffi.
 *
 * The attacker runs on the same cores, so it costs the transfer something whatever it attacks. But for `requests` a third span is the control: the
 * same attack on another process, which lets in as many connections and answers nothing. With `apart` the attacker and that process have the
 * first core for themselves, and the server and the transfer's client the second: what is lost then is what the attack costs the server.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { median } from '../../src/lab/median.ts'
import { MAX_CONNECTIONS } from '../../src/control/http/listen.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { LAUNCHER } from './served.ts'

const ATTACKER = fileURLToPath(new URL('attacker.ts', import.meta.url))
const SPAN_MS = 10_000
const ROUND_TRIP_MS = 1
const BLKSIZE = 1428
/** More than all spans take: the file is sparse. */
const FILE_BYTES = 1 << 30
/** What a transfer may lose, by kind. */
const MOST_LOST: Readonly<Record<string, number>> = {
  requests: 0.1,
  http: 0.05,
  slow: 0.05,
  readers: 0.05,
  bodies: 0.05,
}

const [, , kind = 'requests', rounds = '5', where] = process.argv
const isApart = where === 'apart'
if (MOST_LOST[kind] === undefined) {
  throw new RangeError(`${kind} is no kind of attack; they are ${Object.keys(MOST_LOST).join(' and ')}`)
}

if (isApart) spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', '1', String(process.pid)])
const folder = tempFolder()
const file = join(folder, 'image')
writeFileSync(file, '')
truncateSync(file, FILE_BYTES)
const server = await serve()
const transfer = await slowLink()
const other = kind === 'requests' ? undefined : await otherProcess()
const kept: number[] = []
const keptBeside: number[] = []
const residentMb = [residentOf(server.child)]
try {
  for (let round = 0; round < Number(rounds); round++) {
    const quiet = await transfer.blocksPerSec(sleep(SPAN_MS))
    const before = mainThreadMs(server.child)
    const attacked = await attack(server.httpPort)
    const busy = (mainThreadMs(server.child) - before) / SPAN_MS
    residentMb.push(residentOf(server.child))
    kept.push(attacked.perSec / quiet.perSec)
    console.log(
      `round ${round + 1}: ${quiet.perSec.toFixed(0)} blocks/s quiet, ${attacked.perSec.toFixed(0)} attacked ` +
        `(${(100 * kept.at(-1)!).toFixed(1)} %); ${attacked.report}; server ${residentMb.at(-1)!.toFixed(0)} MB, ` +
        `its main thread on a core for ${(100 * busy).toFixed(0)} % of the time`,
    )
    if (other === undefined) continue
    const control = await attack(other.port)
    keptBeside.push(control.perSec / quiet.perSec)
    console.log(
      `  control: ${control.perSec.toFixed(0)} blocks/s (${(100 * keptBeside.at(-1)!).toFixed(1)} %); ${control.report}`,
    )
  }
} finally {
  transfer.close()
  server.child.kill('SIGTERM')
  other?.child.kill('SIGKILL')
}
if (keptBeside.length > 0) {
  const lostBeside = 1 - (median(keptBeside) ?? 0)
  console.log(`control: it loses ${(100 * lostBeside).toFixed(1)} % beside the same attack on another process`)
}
const lost = 1 - (median(kept) ?? 0)
const least = Math.min(...kept)
console.log(
  `${kind}: the transfer loses ${(100 * lost).toFixed(1)} % of its speed (median of ${kept.length}; worst ${(100 * (1 - least)).toFixed(1)} %); ` +
    `resident memory ${residentMb[0].toFixed(0)} MB before, at most ${Math.max(...residentMb).toFixed(0)} MB`,
)
process.exitCode = lost <= MOST_LOST[kind] ? 0 : 1

/** What the transfer does during an attack on its server, with HTTP at `httpPort`. */
async function attack(httpPort: number): Promise<{ perSec: number; report: string }> {
  const attacker = node([ATTACKER, kind, String(server.port), String(httpPort), String(SPAN_MS)], 0)
  const lines = createInterface({ input: attacker.stdout! })[Symbol.asyncIterator]()
  await lines.next()
  const attacked = await transfer.blocksPerSec(lines.next().then(({ value }) => String(value)))
  await once(attacker, 'exit')
  return attacked
}

/** A process that lets connections in as the server does, and does nothing with them. */
async function otherProcess(): Promise<{ child: ChildProcess; port: number }> {
  const program = `const server = require('node:net').createServer((socket) => socket.on('error', () => {}).pause())
    server.maxConnections = ${MAX_CONNECTIONS}
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = node(['--eval', program], 0)
  for await (const line of createInterface({ input: child.stdout! })) return { child, port: Number(line) }
  throw new Error('the other process did not start')
}

interface Served {
  readonly child: ChildProcess
  readonly port: number
  readonly httpPort: number
}

async function serve(): Promise<Served> {
  const http = ['--http', '127.0.0.1:0', '--state', tempFolder()]
  const child = node([LAUNCHER, 'serve', folder, '--host', '127.0.0.1', '--port', '0', ...http], 1)
  let port = 0
  let httpPort = 0
  for await (const line of createInterface({ input: child.stdout! })) {
    port ||= Number(/listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0)
    httpPort ||= Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0)
    if (port !== 0 && httpPort !== 0) break
  }
  child.stdout!.resume()
  return { child, port, httpPort }
}

/** A transfer whose client answers each block a round trip later. */
async function slowLink() {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  let blocks = 0
  let failure: Error | undefined
  let isOpen = true
  socket.on('message', (packet, { port }) => {
    const opcode = packet.readUInt16BE(0)
    if (opcode === 5) failure = new Error(`the server ended the transfer: ${packet.subarray(4).toString('latin1')}`)
    if (opcode === 3 && packet.readUInt16BE(2) !== ((blocks + 1) & 0xffff)) return
    if (opcode === 3) blocks++
    const ack = Buffer.from([0, 4, (blocks >> 8) & 255, blocks & 255])
    setTimeout(() => isOpen && socket.send(ack, port, '127.0.0.1'), ROUND_TRIP_MS)
  })
  socket.send(Buffer.from(`\0\x01image\0octet\0blksize\0${BLKSIZE}\0`, 'latin1'), server.port, '127.0.0.1')
  return {
    /** Blocks in a second from now until `until` settles. */
    async blocksPerSec(until: Promise<string>): Promise<{ perSec: number; report: string }> {
      const [before, begun] = [blocks, performance.now()]
      const report = await until
      if (failure !== undefined) throw failure
      return { perSec: ((blocks - before) * 1000) / (performance.now() - begun), report }
    },
    close: () => {
      isOpen = false
      socket.close()
    },
  }
}

function node(args: readonly string[], core: 0 | 1): ChildProcess {
  const [program, ...rest] = [...(isApart ? ['taskset', '--cpu-list', String(core)] : []), process.execPath, ...args]
  return spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
}

function sleep(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, ms, ''))
}

/** Processor time of the thread that has the HTTP interface, in milliseconds: proc_pid_stat(5), in ticks of 10 ms. */
function mainThreadMs({ pid }: ChildProcess): number {
  const [, fields] = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8').split(') ')
  const [user, system] = fields.split(' ').slice(11, 13).map(Number)
  return (user + system) * 10
}

function residentOf(child: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
}
