/** `foresend lab device` and `foresend lab link`: the lab on real sockets. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { crc32 } from 'node:zlib'
import { ForesendError } from '../../error.ts'
import { errnoOf } from '../../io/bind-error.ts'
import { bootLive, type LiveResult } from '../../lab-live/device.ts'
import { startFaultyLink } from '../../lab-live/link.ts'
import { type Booted, bootDevice, DEVICES, type Device, faultsText } from '../../lab/index.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { decimalNumber, given, wholeNumber } from '../flags.ts'
import { parseAddressPort, devicesFor, faultList, linkFaults, sizeFlag, withEachFault } from './names.ts'
import { seedFlag } from './run.ts'
import { Board } from '../render/board.ts'
import { jsonLine } from '../render/json.ts'
import { styleFor } from '../render/style.ts'
import { countText, durationText, rateText } from '../render/units.ts'

const DEVICE_DESCRIPTION = `Boot a device of the lab on real sockets, against any TFTP server.

Its faults work within this program; the server meets the device as it would on a cable.`

const DEVICE_EXAMPLES = `
Examples:
  foresend lab device archer-c2-faulty --host 127.0.0.1 --port 6969 --file hello.txt
  foresend lab device uboot-2020 --host 192.168.1.1 --file uImage --fault data-loss:p=0.02 --expect images/uImage

Exit codes: 0 the device has a whole image, 1 it has not (or it is not the expected one), 2 usage, 3 cannot bind.
`

/** A device has no idea how large the file is; this is more than a router's flash. */
const DEFAULT_ROOM_BYTES = 64 * 1024 * 1024

interface DeviceFlags {
  readonly host: string
  readonly port?: number
  readonly file?: string
  readonly fault?: readonly string[]
  readonly seed?: number
  readonly size?: number
  readonly expect?: string
  readonly localAddress?: string
  readonly json?: true
}

export function labDeviceCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('device')
    .summary('boot a device on real sockets against any server')
    .description(DEVICE_DESCRIPTION)
    .argument('<name>', 'device, or a device file')
    .helpOption('-h, --help', 'print this page')
    .optionsGroup('Whom it asks:')
    .requiredOption('--host <HOST>', 'name or address of the server')
    .option('--port <N>', 'its UDP port (69)', wholeNumber('a UDP port', 1, 65535))
    .option('--file <NAME>', 'the file that it asks for (test.bin)')
    .option('--local-address <ADDR>', 'send from this address of this machine (the system chooses)')
    .optionsGroup('What it is:')
    .option('--fault <FAULT>', "instead of the device's own, such as ack-loss:p=0.037; + joins several", faultList)
    .option('--seed <N>', 'what the boot draws from (1)', seedFlag)
    .option('--size <BYTES>', 'room in its memory (64MiB)', sizeFlag)
    .optionsGroup('What it shows:')
    .option('--expect <FILE>', 'compare what the device has with this file')
    .option('--json', 'one JSON object')
    .addHelpText('after', DEVICE_EXAMPLES)
    .action(async (name: string, flags: DeviceFlags) => done(await labDevice(context, name, flags)))
}

async function labDevice(context: Context, name: string, flags: DeviceFlags): Promise<number> {
  const [device, ...more] = withEachFault(devicesFor([name]), flags.fault)
  if (more.length > 0)
    throw usageError(`${JSON.stringify(name)} with these faults is several: name one device and one fault`)
  const expected = flags.expect === undefined ? undefined : readExpected(flags.expect)
  const booted = bootDevice(device, {
    seed: flags.seed ?? 1,
    sizeBytes: flags.size ?? DEFAULT_ROOM_BYTES,
    ...given('filename', flags.file),
  })
  const result = await bootWatched(context, device, booted, flags)
  const report = reportOf(device, booted, result, expected)
  if (flags.json === true) context.stdout.write(`${jsonLine(report)}\n`)
  else for (const line of reportLines(report, context)) context.stdout.write(`${line}\n`)
  return report.whole && report.asExpected !== false ? EXIT.done : EXIT.failed
}

async function bootWatched(context: Context, device: Device, booted: Booted, flags: DeviceFlags): Promise<LiveResult> {
  const stop = new AbortController()
  const unwatch = context.watch(() =>
    stop.abort(new ForesendError('ERR_TFTP_ABORTED', 'stopped by a signal', { fault: 'local' })),
  )
  const board = new Board(context.stderr, context.now)
  try {
    return await bootLive({
      booted,
      host: flags.host,
      port: flags.port ?? 69,
      signal: stop.signal,
      ...given('localAddress', flags.localAddress),
      onProgress: (datagrams, bytes) =>
        board.update('device', `${device.name}: ${countText(datagrams, 'packet')}`, bytes, undefined),
    })
  } finally {
    unwatch()
    board.close()
  }
}

interface Report {
  readonly device: string
  readonly fault: string
  readonly drawn: Readonly<Record<string, number>>
  readonly status: string
  readonly reason: string
  /** It takes what it has for the file, and no block of that is missing. */
  readonly whole: boolean
  readonly holes: number
  readonly bytes: number
  readonly ms: number
  readonly bytesPerSec: number
  readonly blksize: number
  readonly clientTimeouts: number
  readonly acksSent: number
  readonly repeats: number
  readonly packets: number
  readonly crc32?: string
  readonly sha256?: string
  readonly asExpected?: boolean
  readonly otherSource?: string
}

function reportOf(device: Device, booted: Booted, result: LiveResult, expected: Uint8Array | undefined): Report {
  const { client, received, otherSource } = result
  const ok = client.status === 'ok'
  const bytes = Math.min(client.bytes, client.image.length)
  const image = client.image.subarray(0, bytes)
  const blocks = Math.ceil(bytes / client.blksize)
  const holes = client.writtenMap.subarray(0, blocks).reduce((count, times) => count + (times === 0 ? 1 : 0), 0)
  return {
    device: device.name,
    fault: faultsText(device.faults),
    drawn: booted.drawn,
    status: client.status,
    reason:
      client.strayBytes > 0
        ? `${client.reason}; the file is larger than its memory: give more with --size`
        : client.reason,
    whole: ok && holes === 0 && client.strayBytes === 0,
    holes,
    bytes,
    ms: client.endedAt,
    bytesPerSec: client.endedAt > 0 ? (bytes * 1000) / client.endedAt : 0,
    blksize: client.blksize,
    clientTimeouts: client.timeouts,
    acksSent: client.acksSent,
    repeats: client.repeats,
    packets: received,
    ...(ok
      ? { crc32: crc32(image).toString(16).padStart(8, '0'), sha256: createHash('sha256').update(image).digest('hex') }
      : {}),
    ...given('asExpected', expected === undefined ? undefined : ok && Buffer.compare(image, expected) === 0),
    ...given('otherSource', otherSource),
  }
}

function reportLines(report: Report, context: Context): string[] {
  const style = styleFor(context.stdout.stream)
  const drawn = Object.entries(report.drawn).map(([path, value]) => `${path} ${Number(value.toPrecision(3))}`)
  const head = `${report.device} (fault: ${report.fault}${drawn.length > 0 ? `; this boot drew ${drawn.join(', ')}` : ''})`
  const what =
    report.asExpected === false
      ? style.bad('has another image than expected')
      : report.whole
        ? style.good(report.asExpected === true ? 'has the file, byte for byte' : 'has a whole image')
        : report.status === 'ok'
          ? style.strong(style.bad(`takes an image with ${countText(report.holes, 'missing block')} for whole`))
          : style.bad(`failed: ${report.reason}`)
  const facts = `${countText(report.bytes, 'byte')} in ${durationText(report.ms)}, ${rateText(report.bytesPerSec)}, blocks of ${report.blksize}`
  const counts = `${countText(report.packets, 'packet')} received, ${countText(report.acksSent, 'ACK')} sent, ${countText(report.repeats, 'repeat')} ignored, ${countText(report.clientTimeouts, 'client timeout')}`
  const sums = report.sha256 === undefined ? [] : [`  CRC32 ${report.crc32}, sha256 ${report.sha256}`]
  const otherSource =
    report.otherSource === undefined
      ? []
      : [`  ${report.otherSource} answered instead of the server: the device does not listen to it`]
  return [`${head} ${what}`, `  ${facts}`, `  ${counts}`, ...sums, ...otherSource]
}

function readExpected(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw usageError(`cannot read ${path} to compare with: ${errnoOf(cause)}; give --expect a file that can be read`)
  }
}

const LINK_DESCRIPTION = `Put a faulty link in front of any TFTP server, for any real client.

Point the client at the --listen address. Each port from which the server answers gets a port of its own on this side, so \
that both ends see TFTP as it is. It runs until it is stopped (Ctrl-C), then says how much was lost.`

const LINK_EXAMPLES = `
Examples:
  foresend lab link --listen 127.0.0.1:6970 --to 127.0.0.1:69 --fault ack-loss:p=0.037
  foresend lab link --listen 192.168.1.2:69 --to 10.0.0.5:69 --fault data-loss:p=0.01,burst=3 --delay 5

Exit codes: 0 stopped, 2 usage, 3 cannot bind.
`

interface LinkFlags {
  readonly listen: { readonly address: string; readonly port: number }
  readonly to: { readonly address: string; readonly port: number }
  readonly fault?: readonly string[]
  readonly seed?: number
  readonly delay?: number
  readonly jitter?: number
  readonly rate?: number
}

export function labLinkCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('link')
    .summary('put a faulty link in front of any real client and server')
    .description(LINK_DESCRIPTION)
    .helpOption('-h, --help', 'print this page')
    .requiredOption('--listen <ADDR:PORT>', 'where clients ask; port 0 takes any that is free', parseAddressPort)
    .requiredOption('--to <ADDR:PORT>', 'the server', parseServer)
    .option('--fault <FAULT>', 'what goes wrong, such as ack-loss:p=0.037; repeatable, + joins several', faultList)
    .option('--seed <N>', 'what the faults draw from (1)', seedFlag)
    .option('--delay <MS>', 'milliseconds each way (0)', decimalNumber('milliseconds', 0, 60_000))
    .option(
      '--jitter <MS>',
      'each datagram takes up to this many milliseconds longer (0)',
      decimalNumber('milliseconds', 0, 60_000),
    )
    .option('--rate <BYTES>', 'bytes per second (unlimited)', wholeNumber('bytes per second', 1000, 1e12))
    .addHelpText('after', LINK_EXAMPLES)
    .action(async (flags: LinkFlags) => done(await labLink(context, flags)))
}

function parseServer(text: string): LinkFlags['to'] {
  const server = parseAddressPort(text)
  if (server.port === 0) throw new InvalidArgumentError('No server is at port 0: give the port that it listens on.')
  return server
}

async function labLink(context: Context, flags: LinkFlags): Promise<number> {
  const faults = linkFaults(flags.fault)
  const link = {
    delayMs: flags.delay ?? 0,
    ...given('jitterMs', flags.jitter),
    ...given('rateBytesPerSec', flags.rate),
  }
  const { up, down, drawn } = bootDevice(
    { ...DEVICES.strict, name: 'link', faults, link },
    { seed: flags.seed ?? 1, sizeBytes: 0 },
  )
  const stopped = Promise.withResolvers<void>()
  // Signals are watched before the first line is printed: one may come right after it.
  const unwatch = context.watch(() => stopped.resolve())
  try {
    const running = await startFaultyLink({
      listen: flags.listen,
      to: { host: flags.to.address, port: flags.to.port },
      up,
      down,
      onClient: (address, port) => context.stdout.write(`${address}:${port} asks\n`),
    })
    const drew = Object.entries(drawn).map(([path, value]) => ` ${path}=${Number(value.toPrecision(3))}`)
    context.stdout.write(
      `faulty link from ${running.address}:${running.port} to ${flags.to.address}:${flags.to.port}: ${faultsText(faults)}${drew.join(',')}\n`,
    )
    await stopped.promise
    const counts = running.counts()
    running.close()
    const way = ({ sent, arrived }: { sent: number; arrived: number }): string => `${arrived} of ${sent} arrived`
    context.stdout.write(
      `${countText(counts.clients, 'client')}; to the server ${way(counts.up)}, to the clients ${way(counts.down)}\n`,
    )
    return EXIT.done
  } finally {
    unwatch()
  }
}
