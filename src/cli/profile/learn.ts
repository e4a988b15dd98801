/** `foresend profile learn CAPTURE`: a profile of the device in a capture. */
import { basename } from 'node:path'
import { Command } from 'commander'
import { DeviceReader, type SeenDevice } from '../../capture/device-reader.ts'
import { loadVendors } from '../../content/profile-files.ts'
import { isProfileName, PROFILE_NAME_HINT, profileText } from '../../content/profile-schema.ts'
import { readFrames } from '../../io/open-capture.ts'
import { escapeText } from '../../packet/index.ts'
import { learntProfile } from '../../profile/learn.ts'
import type { Profile } from '../../profile/profile.ts'
import { isMadeUp, vendorOf } from '../../profile/vendor.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { writeWhole } from '../write-file.ts'
import { countText } from '../render/units.ts'

const DESCRIPTION = `Make a profile of the device in a capture, so that it is known again.
It takes the device's requests, names and ports, and what it did with the blocks. What the capture does not show is said on \
standard error, and stays open in the profile.`

const EXAMPLES = `
Examples:
  foresend profile learn flash.pcap                                print it
  foresend profile learn flash.pcap --name my-router -o my-router.toml
  foresend profile import my-router.toml                           use it from then on
Exit codes: 0 done, 1 no device asks for a file in it, 2 usage, or a file that is no capture.
`

interface LearnFlags {
  readonly name?: string
  readonly device?: string
  readonly output?: string
}

export function profileLearnCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('learn')
    .summary('make a profile of the device in a capture')
    .description(DESCRIPTION)
    .argument('<capture>', 'a capture file; - is standard input')
    .helpOption('-h, --help', 'print this page')
    .option('--name <NAME>', 'what the profile is called (learnt-, and the end of its MAC address)')
    .option('--device <ADDR>', 'network or MAC address of the device, where the capture has several')
    .option('-o, --output <FILE>', 'to this file instead of standard output')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, flags: LearnFlags) => done(await profileLearn(context, path, flags)))
}

async function profileLearn(context: Context, path: string, flags: LearnFlags): Promise<number> {
  if (flags.name !== undefined && !isProfileName(flags.name))
    throw usageError(`${JSON.stringify(flags.name)} is no name of a profile: it takes ${PROFILE_NAME_HINT}`)
  const reader = new DeviceReader()
  const { broken } = await readFrames(path, (record) => reader.frame(record))
  const devices = reader.end()
  const say = (line: string): void => context.stderr.write(`foresend: ${line}\n`)
  if (broken !== undefined) say(`the capture breaks off at byte ${broken.atByte}: ${broken.reason}`)
  if (devices.length === 0) {
    say('no device asks for a file in this capture: it has to begin before the request')
    return EXIT.failed
  }
  const device = chosen(devices, flags.device)
  const profile = profileOf(device, flags.name ?? nameOf(device), path)
  const text = profileText(profile)
  if (flags.output === undefined) context.stdout.write(text)
  else writeWhole(flags.output, text)
  for (const line of missing(device, profile)) say(`not learnt: ${line}`)
  return EXIT.done
}

function chosen(devices: readonly SeenDevice[], wanted: string | undefined): SeenDevice {
  const found = devices.filter(
    ({ mac, addresses }) => wanted === undefined || mac === wanted.toLowerCase() || addresses.includes(wanted),
  )
  if (found.length === 1) return found[0]
  const list = devices.slice(0, MOST_NAMED).map(({ mac, addresses }) => mac ?? addresses[0])
  const more = devices.length > MOST_NAMED ? `, and ${devices.length - MOST_NAMED} more` : ''
  const what =
    found.length === 0 ? `no device ${JSON.stringify(wanted)} in this capture` : 'several devices in this capture'
  throw usageError(`${what}: name one with --device: ${list.join(', ')}${more}`)
}

const MOST_NAMED = 8

function profileOf(device: SeenDevice, name: string, path: string): Profile {
  const { asked, behaviour, mac, hosts, addresses } = device
  const [first] = asked
  const file = path === '-' ? 'standard input' : basename(path)
  return learntProfile({
    name,
    title: `a device that asks for ${printable(first?.request.filename ?? 'files')}`,
    asked,
    behaviour,
    vendor: mac === undefined || isMadeUp(mac) ? undefined : vendorOf(mac, loadVendors()),
    where: `a capture of ${countText(device.transfers, 'transfer')}: ${printable(file)}`,
    host: hosts.length === 1 ? hosts[0] : undefined,
    device: addresses.length === 1 ? addresses[0] : undefined,
  })
}

function nameOf({ mac, addresses }: SeenDevice): string {
  return `learnt-${(mac?.slice(9) ?? addresses[0]).replaceAll(/[:.%]/g, '-')}`
}

function printable(text: string): string {
  return escapeText(text).slice(0, MAX_TITLE)
}

const MAX_TITLE = 100

/** What stays open, and what would show it. */
function missing({ asked, behaviour, contradicted, mac, transfers, windowed }: SeenDevice, profile: Profile): string[] {
  const lines: string[] = []
  const isOpen = (key: 'order' | 'repeat' | 'ahead' | 'timerMs'): boolean => behaviour[key] === undefined
  if (contradicted.length > 0) lines.push(`${contradicted.join(', ')}: the transfers contradict each other`)
  const unclear = (key: string): boolean => !contradicted.includes(key)
  if (windowed === transfers)
    lines.push('what it does with single blocks: a window was negotiated in all transfers; capture one without')
  else {
    if (isOpen('order') && unclear('order'))
      lines.push('whether its ACK proves the blocks before: it was sent no block ahead of one that was never sent')
    if (isOpen('repeat') && unclear('repeat'))
      lines.push('what it does with a repeated block: none that it had was repeated to it often enough')
  }
  if (isOpen('timerMs') && unclear('timerMs'))
    lines.push('its own timer: it never waited long enough; capture one request without a server')
  if (profile.ports === undefined)
    lines.push(
      asked.length > 1
        ? 'its port: it differs from request to request'
        : 'its ports: one request does not show a habit',
    )
  if (mac === undefined || isMadeUp(mac))
    lines.push('the maker of its card: the capture has no MAC address with a maker')
  if (profile.files.length === 0)
    lines.push('the names that it asks for: they are too short, or too many, to know it by')
  return lines
}
