/**
 * The other direction, and our own client: uploads of every client that stores to our receiver, our `put` to devices that
 * are the server and to other servers, our `get` from every server, each with every fault of the catalogue. Whole, or a
 * failure that says what happened; never a file that is acknowledged and not whole.
 */
import { bootDevice, type DeviceFault } from '../../src/lab/device/device.ts'
import { DEVICES } from '../../src/lab/device/catalogue.ts'
import { DAY_MS, patternedImage, runExperiment, runUpload } from '../../src/lab/experiment.ts'
import { FAULT_ROWS, type FaultName } from '../../src/lab/fault/catalogue.ts'
import { Rng } from '../../src/lab/rng.ts'
import { isIntact, mostDatagrams, serverWords } from '../../src/lab/run.ts'
import { SERVERS, type ServerName } from '../../src/lab/server/catalogue.ts'
import { serverNode } from '../../src/lab/server/model.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { UPLOADERS, type UploaderName } from '../../src/lab/uploader/catalogue.ts'
import type { VerdictKind } from '../../src/lab/verdict.ts'
import { faultOf, range } from './figures-boot.ts'
import type { Figure, Progress, Scale } from './figures.ts'

/** What is lost, drawn for each transfer: each factor equally likely. */
const DRAWN_P = [0.01, 0.3] as const
const MOST_BYTES = 200_000
const FAULT_NAMES = Object.keys(FAULT_ROWS) as FaultName[]
/** What a message of ours names at least: the file, and in a dozen letters what happened. */
const CLEAR_TEXT = /^"test\.bin" (?:to|from) 10\.0\.0\.2:69: .{12,}/

/** Uploads that their client takes for complete without the ACK of the final block, and the rule of it that makes it so. */
const BELIEVES: Readonly<Partial<Record<UploaderName, string>>> = {
  curl: 'after a second OACK it takes the ACK of another block for the last one',
}

/** One transfer, whichever way the file goes. */
interface Transferred {
  readonly verdict: VerdictKind
  readonly harmful: boolean
  readonly sizeBytes: number
  readonly clientSays: string
  readonly serverSays: string
}

/** Every fault with one client that stores, to `serve --writable`. */
export function uploadsToUs(client: UploaderName, scale: Scale, progress: Progress = () => {}): Figure {
  return figure(
    `${client} stores on foresend`,
    scale,
    progress,
    (fault, seed) => {
      const rng = new Rng(seed, `${client} ${fault}`)
      const image = drawImage(rng, 0, seed)
      const storer = STORERS.foresend.make(rng.fork('server'))
      return upload({ client, image, storer, fault, seed, isDeviceServer: false })
    },
    ({ verdict, clientSays }) => {
      if (verdict === 'believed-without-ack') return BELIEVES[client]
      // A client that fails says so to its user; what it knows of the reason is its own affair.
      return verdict !== 'unfinished' && clientSays !== '' ? KNOWN : undefined
    },
  )
}

/** Every fault with our `put`, to one server or to one device in its recovery mode. */
export function ourPut(server: string, scale: Scale, progress: Progress = () => {}): Figure {
  return figure(
    `foresend put to ${server}`,
    scale,
    progress,
    (fault, seed) => {
      const rng = new Rng(seed, `${server} ${fault}`)
      const isDeviceServer = STORERS[server].type === 'recovery'
      // Of a file of one block a device that is gone has acknowledged nothing.
      const image = drawImage(rng, isDeviceServer ? 2000 : 0, seed)
      const storer = STORERS[server].make(rng.fork('server'))
      return upload({ client: 'foresend-put', image, storer, fault, seed, isDeviceServer })
    },
    clearFailure,
  )
}

/** Every fault with our `get`, from one server. */
export function ourGet(server: ServerName, scale: Scale, progress: Progress = () => {}): Figure {
  return figure(
    `foresend get from ${server}`,
    scale,
    progress,
    (fault, seed) => {
      const rng = new Rng(seed, `${server} ${fault}`)
      const image = drawImage(rng, 0, seed)
      const device = { ...DEVICES['foresend-get'], faults: faultsOf(fault) }
      const { client, up, down } = bootDevice(device, { seed, sizeBytes: image.length })
      const node = serverNode(SERVERS[server], { image, rng: rng.fork('server') })
      const result = runExperiment({ client, server: node, image, up, down, limits: limitsFor(image) })
      const { kind } = result.verdict
      return {
        verdict: kind,
        // What the server reports is its own affair: `get` knows that it has no file.
        harmful: result.verdict.harmful && kind !== 'client-failed-server-thinks-complete',
        sizeBytes: image.length,
        clientSays: result.client?.reason ?? '',
        serverSays: serverWords(node),
      }
    },
    clearFailure,
  )
}

function upload(spec: {
  readonly client: UploaderName
  readonly image: Uint8Array
  readonly storer: ReturnType<(typeof STORERS)[string]['make']>
  readonly fault: FaultName
  readonly seed: number
  readonly isDeviceServer: boolean
}): Transferred {
  const { client, image, storer, fault, seed, isDeviceServer } = spec
  const { up, down } = bootDevice({ ...DEVICES.strict, name: client, faults: faultsOf(fault) }, { seed, sizeBytes: 0 })
  const uploader = UPLOADERS[client].make({ image })
  const result = runUpload({
    client: uploader,
    server: storer,
    image,
    // The faults are those of the device, wherever it stands.
    up: isDeviceServer ? down : up,
    down: isDeviceServer ? up : down,
    limits: limitsFor(image),
  })
  const { kind, harmful } = result.verdict
  return { verdict: kind, harmful, sizeBytes: image.length, clientSays: uploader.says, serverSays: storer.says }
}

/** Runs every fault with every seed. `reasonOf` says why one that did not end whole is no miss. */
function figure(
  what: string,
  { seeds }: Scale,
  progress: Progress,
  run: (fault: FaultName, seed: number) => Transferred,
  reasonOf: (transferred: Transferred) => string | undefined,
): Figure {
  const notes: string[] = []
  const reasons = new Map<string, number>()
  const values = { runs: 0, intact: 0, failed: 0, missed: 0, harmful: 0 }
  for (const fault of FAULT_NAMES) {
    progress(`${what} x ${fault}`)
    for (const seed of range(seeds)) {
      const done = run(fault, seed)
      values.runs++
      const says = `${fault}, seed ${seed}, ${done.sizeBytes} bytes: ${done.verdict}; client: ${done.clientSays}; server: ${done.serverSays}`
      if (done.harmful) {
        values.harmful++
        notes.push(`HARM ${says}`)
      } else if (isIntact(done)) values.intact++
      else {
        const reason = reasonOf(done)
        if (reason === undefined) {
          values.missed++
          notes.push(`MISSED ${says}`)
        } else {
          values.failed++
          if (reason !== KNOWN) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
        }
      }
    }
  }
  for (const [reason, count] of reasons) notes.push(`${reason} (${count})`)
  return {
    row: 'uploads, and our own client',
    what: `${what}, ${FAULT_NAMES.length} faults x ${seeds} seeds`,
    target: 'whole, or a clear failure',
    measured: `${values.intact} of ${values.runs} whole, ${values.failed} told as failed, ${values.missed} without a word, ${values.harmful} harmful`,
    met: values.missed === 0 && values.harmful === 0,
    notes,
    values,
  }
}

/** A failure that needs no line of its own. */
const KNOWN = 'told'

/** Our client has decided, and its message names the file and what happened. */
function clearFailure({ clientSays }: Transferred): string | undefined {
  return CLEAR_TEXT.test(clientSays) ? KNOWN : undefined
}

function faultsOf(fault: FaultName): DeviceFault[] {
  return fault === 'none' ? [] : [faultOf(fault, DRAWN_P)]
}

function drawImage(rng: Rng, leastBytes: number, seed: number): Uint8Array {
  return patternedImage(leastBytes + Math.floor(rng.logUniform(1, MOST_BYTES)) - 1, seed)
}

function limitsFor(image: Uint8Array): { untilMs: number; maxDatagrams: number; maxSent: number } {
  const most = mostDatagrams(image.length)
  return { untilMs: DAY_MS, maxDatagrams: 2 * most, maxSent: most }
}
