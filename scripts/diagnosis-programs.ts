/**
 * How often the diagnosis is right on captures of real programs: `node scripts/diagnosis-programs.ts [--first SEED] [--seeds N] [--keep FOLDER] [--verbose]`, as root.
 * Each client downloads from each server (those that are installed, or below `$FORESEND_PEERS`) through a link in this process, which loses or delays
 * datagrams and writes down what a capture at the server would have.
 */
import { createSocket, type Socket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { diagnose } from '../src/capture/diagnosis/index.ts'
import { pcapngDatagram, pcapngHeader } from '../src/capture/pcapng.ts'
import { Rng } from '../src/lab/index.ts'
import { mainOf } from '../test/diagnosis/lab-case.ts'
import { concat } from '../test/golden/capture-maker.ts'
import { readAll } from '../test/golden/capture-scene.ts'
import { FOREIGN_CLIENTS, type ForeignClient } from '../test/interop/clients.ts'
import { findProgram, freePort, type RunningServer, startPeer } from '../test/interop/programs.ts'

const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    keep: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})

interface LinkFault {
  readonly name: string
  readonly up: number
  readonly down: number
  readonly delayMs: number
  readonly expected: readonly string[]
}

const LINKS: readonly LinkFault[] = [
  { name: 'none', up: 0, down: 0, delayMs: 0, expected: [] },
  { name: 'far', up: 0, down: 0, delayMs: 20, expected: [] },
  { name: 'ack-loss', up: 0.08, down: 0, delayMs: 0, expected: ['ack-loss'] },
  { name: 'data-loss', up: 0, down: 0.08, delayMs: 0, expected: ['data-loss'] },
]
const BLOCKS = 64
/** At once: they mostly wait. */
const TOGETHER = 8
const CLIENT_ADDRESS = '192.168.0.1'
const SERVER_ADDRESS = '192.168.0.66'

const SERVERS: Readonly<Record<string, (program: string, folder: string, address: string) => Promise<RunningServer>>> =
  {
    'tftp-hpa:in.tftpd': async (program, folder) => {
      const port = await freePort()
      const args = ['--listen', '--foreground', '--address', `127.0.0.1:${port}`, '--user', 'root', '-p', '--secure']
      return startPeer(program, [...args, folder], '127.0.0.1', port)
    },
    'atftpd:atftpd': async (program, folder) => {
      const port = await freePort()
      const args = ['--daemon', '--no-fork', '--port', String(port), '--bind-address', '127.0.0.1', '--user', 'root']
      return startPeer(program, [...args, '--logfile', '-', folder], '127.0.0.1', port)
    },
    'dnsmasq:dnsmasq': (program, folder, address) =>
      startPeer(
        program,
        [
          '--keep-in-foreground',
          '--port=0',
          '--enable-tftp',
          `--tftp-root=${folder}`,
          '--conf-file=/dev/null',
          '--bind-interfaces',
          `--listen-address=${address}`,
          '--user=root',
          '--pid-file=',
        ],
        address,
        69,
      ),
  }

/** Stands between a client and a server. */
class Recorder {
  readonly blocks: Uint8Array[] = [pcapngHeader('real programs')]
  /** Datagrams that the link lost. */
  lost = 0
  readonly #link: LinkFault
  readonly #server: RunningServer
  readonly #rng: Rng
  readonly #door = createSocket('udp4')
  readonly #sockets: Socket[] = [this.#door]

  constructor(link: LinkFault, server: RunningServer, seed: number) {
    this.#link = link
    this.#server = server
    this.#rng = new Rng(seed, `${link.name} link`)
  }

  open(): Promise<number> {
    this.#door.on('message', (request, from) => this.#begin(request, from.port))
    return new Promise((resolve) => this.#door.bind(0, '127.0.0.1', () => resolve(this.#door.address().port)))
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
  }

  #begin(request: Uint8Array, clientPort: number): void {
    const toClient = createSocket('udp4')
    const toServer = createSocket('udp4')
    this.#sockets.push(toClient, toServer)
    let serverPort = this.#server.port
    const up = (data: Uint8Array): void =>
      this.#pass(this.#link.up, () => {
        this.#record(data, true, clientPort, serverPort === this.#server.port ? 69 : serverPort)
        toServer.send(data, serverPort, this.#server.address)
      })
    toClient.on('message', up)
    toServer.on('message', (data, from) => {
      serverPort = from.port
      this.#record(data, false, clientPort, serverPort)
      this.#pass(this.#link.down, () => toClient.send(data, clientPort, '127.0.0.1'))
    })
    toClient.bind(0, '127.0.0.1')
    toServer.bind(0, this.#server.address, () => up(request))
  }

  #pass(lossShare: number, send: () => void): void {
    if (this.#rng.chance(lossShare)) {
      this.lost++
      return
    }
    const { delayMs } = this.#link
    if (delayMs === 0) send()
    else
      setTimeout(() => {
        try {
          send()
        } catch {
          // The client was faster than the link.
        }
      }, delayMs)
  }

  #record(payload: Uint8Array, fromClient: boolean, clientPort: number, serverPort: number): void {
    const client = { address: CLIENT_ADDRESS, port: clientPort }
    const server = { address: SERVER_ADDRESS, port: serverPort }
    const [from, to] = fromClient ? [client, server] : [server, client]
    const timeUs = Math.round((performance.timeOrigin + performance.now()) * 1000)
    this.blocks.push(
      pcapngDatagram({
        timeUs,
        source: from.address,
        destination: to.address,
        sourcePort: from.port,
        destinationPort: to.port,
        payload,
      }),
    )
  }
}

interface Played {
  readonly label: string
  readonly link: LinkFault
  /** Empty where the link happened to lose nothing. */
  readonly expected: readonly string[]
  readonly said: readonly string[]
  readonly server: string
  readonly named: readonly string[]
}

async function play(
  link: LinkFault,
  client: ForeignClient,
  name: string,
  server: RunningServer,
  seed: number,
): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), 'foresend-programs-'))
  const recorder = new Recorder(link, server, seed)
  const port = await recorder.open()
  const remote = client.blksize === 512 ? 'small.bin' : 'large.bin'
  const errand = { direction: 'get', address: '127.0.0.1', port, remote, local: join(folder, 'image') } as const
  await client.run(errand).catch(() => '')
  // What is on the link arrives.
  await delay(2 * link.delayMs + 50)
  recorder.close()
  rmSync(folder, { recursive: true, force: true })
  const capture = concat(recorder.blocks)
  const label = `${client.name} from ${name}, ${link.name}, seed ${seed}, lost ${recorder.lost}`
  if (values.keep !== undefined) writeFileSync(join(values.keep, `${label.replaceAll(/[ ,:]+/g, '-')}.pcapng`), capture)
  const transfer = mainOf(readAll(capture).transfers)
  const diagnosis = transfer === undefined ? undefined : diagnose(transfer)
  return {
    label,
    link,
    expected: recorder.lost === 0 ? [] : link.expected,
    said: diagnosis?.causes.map(({ id, confidence }) => `${id} ${confidence.toFixed(2)}`) ?? [],
    server: name,
    named: diagnosis?.server === undefined ? [] : [diagnosis.server.name, ...diagnosis.server.orElse],
  }
}

const served = mkdtempSync(join(tmpdir(), 'foresend-served-'))
writeFileSync(
  join(served, 'small.bin'),
  Uint8Array.from({ length: BLOCKS * 512 + 100 }, (_, i) => i),
)
writeFileSync(
  join(served, 'large.bin'),
  Uint8Array.from({ length: BLOCKS * 1428 + 100 }, (_, i) => i),
)
const running: { name: string; server: RunningServer }[] = []
for (const [n, [names, start]] of Object.entries(SERVERS).entries()) {
  const [name, programName] = names.split(':')
  const program = findProgram(programName)
  if (program === undefined) console.log(`${programName} is missing`)
  else running.push({ name, server: await start(program, served, `127.0.77.${n + 1}`) })
}

const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => Number(values.first) + i)
const work = seeds.flatMap((seed) =>
  LINKS.flatMap((link) =>
    running.flatMap(({ name, server }) =>
      FOREIGN_CLIENTS.filter(({ lacks }) => lacks === undefined).map(
        (client) => () => play(link, client, name, server, seed),
      ),
    ),
  ),
)
const played: Played[] = []
await Promise.all(
  Array.from({ length: TOGETHER }, async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) played.push(await next())
  }),
)
await Promise.all(running.map(({ server }) => server.stop()))
rmSync(served, { recursive: true, force: true })

const idOf = (said: string | undefined): string => said?.split(' ')[0] ?? '(none)'
const confidenceOf = (said: string | undefined): string | undefined => said?.split(' ')[1]
for (const link of LINKS) {
  const cases = played.filter((p) => p.link === link)
  const isRight = ({ expected, said }: Played): boolean =>
    expected.length === 0 ? said.length === 0 : expected.includes(idOf(said[0]))
  const isTopTwo = (p: Played): boolean => isRight(p) || p.said.slice(0, 2).some((s) => p.expected.includes(idOf(s)))
  const isLevel = (p: Played): boolean =>
    isRight(p) || (isTopTwo(p) && confidenceOf(p.said[0]) === confidenceOf(p.said[1]))
  const right = cases.filter(isRight).length
  console.log(
    `${link.name.padEnd(12)} right ${right} of ${cases.length}, or level ${cases.filter(isLevel).length}, in the top two ${cases.filter(isTopTwo).length}`,
  )
  for (const p of cases)
    if (values.verbose && !isRight(p)) console.log(`    ${p.label}: ${p.said.join(', ') || '(none)'}`)
}
const known = played.filter(({ named }) => named.length > 0)
const first = known.filter((p) => p.named[0] === p.server).length
console.log(
  `server named ${first} of ${known.length}, or level ${known.filter((p) => p.named.includes(p.server)).length}`,
)
for (const p of known)
  if (values.verbose && !p.named.includes(p.server)) console.log(`    ${p.label}: ${p.named.join(', ')}`)
