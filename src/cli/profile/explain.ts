/** `foresend profile explain REQUEST`: which kinds of devices send such a request, and why. */
import { Command } from 'commander'
import { loadVendors } from '../../content/profile-files.ts'
import { DEVICES } from '../../lab/index.ts'
import { didYouMean } from '../../lab/device/nearest.ts'
import { escapeText } from '../../packet/index.ts'
import { fingerprintText } from '../../profile/fingerprint.ts'
import { type Match, matchProfiles, type Seen } from '../../profile/match.ts'
import { isMadeUp, vendorOf } from '../../profile/vendor.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { wholeNumber } from '../flags.ts'
import { jsonLine } from '../render/json.ts'
import { styleFor } from '../render/style.ts'
import { behaviourOfDevice, requestOfDevice } from './lab-device.ts'
import { profilesFor, type StateFlags, stateOption } from './loaded.ts'
import { readRequest } from './read-request.ts'
import { behaviourLines, matchLines } from './render.ts'

const DESCRIPTION = `Say which kinds of devices send such a request, how sure that is, and why.

REQUEST is a description (RRQ "test.bin" octet timeout 1), a line of tcpdump, or the packet in hex. Numbers with a sign are \
bits: how much more probable the sign is from this kind of device than from one that no profile knows. Profiles that send \
the same request share its confidence until something else tells them apart.`

const EXAMPLES = `
Examples:
  foresend profile explain 'RRQ "test.bin" octet timeout 1'
  foresend profile explain '192.168.0.86.3945 > 192.168.0.66.69:  45 RRQ "ArcherC7v2_tp_recovery.bin" octet timeout 3'
  foresend profile explain 0001746573742e62696e006f6374657400 --mac b8:27:eb:00:11:22 --port 49152
  foresend profile explain --device rpi4-rom             a device of the lab, by its request and what its model does

Exit codes: 0 done, 1 no profile fits, 2 usage.
`

interface ExplainFlags extends StateFlags {
  readonly device?: string
  readonly mac?: string
  readonly port?: number
  readonly json?: true
}

export function profileExplainCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('explain')
    .summary('recognise a device by its request')
    .description(DESCRIPTION)
    .argument('[request...]', 'the request; quotes keep its own quotes')
    .helpOption('-h, --help', 'print this page')
    .option('--device <NAME>', 'a device of the lab instead of a request')
    .option('--mac <MAC>', "the MAC address of the device's network card")
    .option('--port <N>', 'the port that it asked from', wholeNumber('a port', 1, 65_535))
    .addOption(stateOption())
    .option('--json', 'one JSON object')
    .addHelpText('after', EXAMPLES)
    .action((words: readonly string[], flags: ExplainFlags) => done(profileExplain(context, words.join(' '), flags)))
}

function profileExplain(context: Context, text: string, flags: ExplainFlags): number {
  const seen = seenOf(text, flags)
  const { all } = profilesFor(context, flags)
  const matches = matchProfiles(
    seen,
    [...all.values()].map(({ profile }) => profile),
  )
  const unknown = 1 - matches.reduce((sum, { confidence }) => sum + confidence, 0)
  if (flags.json === true) context.stdout.write(`${jsonLine({ ...seen, unknown, matches: matches.map(plain) })}\n`)
  else writeText(context, seen, matches, unknown)
  return matches.length === 0 ? EXIT.failed : EXIT.done
}

function seenOf(text: string, { device, mac, port: flagPort }: ExplainFlags): Seen {
  if ((text === '') === (device === undefined)) {
    throw usageError('explain takes a request, or --device NAME for one of the lab: give one of them')
  }
  const vendor = mac === undefined ? undefined : vendorOf(macAddress(mac), loadVendors())
  if (device !== undefined) {
    if (!Object.hasOwn(DEVICES, device)) {
      throw usageError(`unknown device ${JSON.stringify(device)}${didYouMean(device, Object.keys(DEVICES))}`)
    }
    const known = DEVICES[device]
    return { ...optional(flagPort, vendor), request: requestOfDevice(known), behaviour: behaviourOfDevice(known) }
  }
  const { request, port } = readRequest(text)
  return { ...optional(flagPort ?? port, vendor), request }
}

function optional(port: number | undefined, vendor: string | undefined): Omit<Seen, 'request'> {
  return {
    ...(port === undefined
      ? {}
      : { ports: { lowest: port, highest: port, successive: undefined, repeats: undefined } }),
    ...(vendor === undefined ? {} : { vendor }),
  }
}

function macAddress(text: string): string {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw usageError(
      `${JSON.stringify(text.slice(0, 40))} is no MAC address: it takes six bytes such as b8:27:eb:00:11:22`,
    )
  }
  if (isMadeUp(text))
    throw usageError(`${text} was made up by a program or is a group: its maker says nothing, leave --mac out`)
  return text
}

function plain({ profile, confidence, bits, reasons }: Match): object {
  return { name: profile.name, title: profile.title, confidence, bits, reasons }
}

function writeText(context: Context, seen: Seen, matches: readonly Match[], unknown: number): void {
  const style = styleFor(context.stdout.stream)
  const write = (line: string): void => context.stdout.write(`${line}\n`)
  write(style.dim(escapeText(fingerprintText(seen.request))))
  for (const line of seen.behaviour === undefined ? [] : behaviourLines(seen.behaviour)) write(style.dim(`  ${line}`))
  if (matches.length === 0) {
    write('No profile explains this request better than an unknown device does.')
    return
  }
  for (const line of matchLines(matches, unknown, style, context.stdout.columns)) write(line)
  write(`What helps: foresend profile show ${matches[0].profile.name}`)
}
