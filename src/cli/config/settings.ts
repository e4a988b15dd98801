/**
 * Every setting of `foresend serve`, one row each. A row is a flag (`--key`) and a key of the configuration file at the same time;
 * neither exists without the other.
 */
import type { ServerConfigInput } from '../../server/contract.ts'
import { EVENT_LEVELS } from '../../server/level.ts'
import { stateFolder } from '../../history/state-folder.ts'
import { addressList, decimalNumber, networkList, oneOf, wholeNumber, windowFlag, workersFlag } from '../flags.ts'
import type { Kind, Value } from './kind.ts'

export interface Setting {
  /** Of the file; with two dashes in front it is the flag. */
  readonly key: string
  /** A value that makes sense, for the file that `config init` writes. */
  readonly example: Value
  /** What stands behind the flag in the help, such as `<N>`; empty for a switch. */
  readonly value: string
  readonly help: string
  readonly kind: Kind
  /** The member of the server's configuration that it becomes. Without one it is the command's own. */
  readonly member?: keyof ServerConfigInput
}

/** Tftpd64's field takes a few kilobytes; more than this is a mistake in the unit. */
const MAX_ANTICIPATION_BYTES = 1_000_000

const on: Kind = { type: 'switch', isOn: false }
const off: Kind = { type: 'switch', isOn: true }
const path: Kind = { type: 'path' }
const whole = (what: string, min: number, max: number): Kind => ({ type: 'number', parse: wholeNumber(what, min, max) })
const decimal = (what: string, min: number, max: number): Kind => ({
  type: 'number',
  parse: decimalNumber(what, min, max),
})
const word = (...words: readonly string[]): Kind => ({ type: 'text', parse: oneOf(...words) })

/** The rows by the headings of the help. */
export const SETTING_GROUPS: Readonly<Record<string, readonly Setting[]>> = {
  'Where it listens:': [
    {
      key: 'host',
      example: ['192.168.1.10'],
      value: '<ADDR>',
      help: 'address of this machine to listen on; repeat it for several (all)',
      kind: { type: 'list', parse: addressList },
      member: 'hosts',
    },
    {
      key: 'port',
      example: 69,
      value: '<N>',
      help: 'UDP port; 0 takes any that is free (69, else 6969)',
      kind: whole('a UDP port', 0, 65535),
      member: 'port',
    },
    {
      key: 'allow',
      example: ['203.0.113.0/24'],
      value: '<CIDR>',
      help: 'serve this network too, though it is not private; repeatable',
      kind: { type: 'list', parse: networkList },
      member: 'allow',
    },
    {
      key: 'single-port',
      example: true,
      value: '',
      help: 'answer from the listening port itself (for NAT and containers)',
      kind: on,
      member: 'singlePort',
    },
    {
      key: 'driver',
      example: 'auto',
      value: '<NAME>',
      help: 'auto, dgram, or batch (Linux, faster): how packets reach the kernel (auto)',
      kind: word('auto', 'dgram', 'batch'),
      member: 'driver',
    },
    {
      key: 'workers',
      example: 'auto',
      value: '<N>',
      help: 'auto, or threads of the batch driver that share the port (auto)',
      kind: { type: 'either', parse: workersFlag },
      member: 'workers',
    },
  ],
  'How it sends:': [
    {
      key: 'window',
      example: 'auto',
      value: '<W>',
      help: 'auto, strict (RFC 1350 to the letter) or blocks that may be on the way (auto)',
      kind: { type: 'either', parse: windowFlag },
      member: 'window',
    },
    {
      key: 'anticipation',
      example: 4096,
      value: '<BYTES>',
      help: "the same in Tftpd64's way: 1 + BYTES / blksize blocks on the way",
      kind: whole('bytes', 0, MAX_ANTICIPATION_BYTES),
      member: 'anticipationBytes',
    },
    {
      key: 'copies',
      example: 2,
      value: '<N>',
      help: 'send every block N times (1)',
      kind: whole('how often to send each block', 1, 8),
      member: 'copies',
    },
    {
      key: 'gap',
      example: 0.5,
      value: '<MS>',
      help: 'milliseconds between two packets of a window (0)',
      kind: decimal('milliseconds', 0, 1000),
      member: 'gapMs',
    },
    {
      key: 'rto',
      example: 50,
      value: '<MS>',
      help: 'repeat a block after this many milliseconds (measured)',
      kind: decimal('milliseconds', 1, 60_000),
      member: 'rtoMs',
    },
  ],
  'Files:': [
    { key: 'writable', example: true, value: '', help: 'let devices store new files', kind: on, member: 'writable' },
    {
      key: 'overwrite',
      example: true,
      value: '',
      help: 'let them replace files as well (with --writable)',
      kind: on,
      member: 'overwrite',
    },
  ],
  'Limits:': [
    {
      key: 'max-transfers',
      example: 1000,
      value: '<N>',
      help: 'transfers at the same time',
      kind: whole('transfers', 1, 1_000_000),
      member: 'maxTransfers',
    },
    {
      key: 'max-transfers-per-address',
      example: 32,
      value: '<N>',
      help: 'the same for one address',
      kind: whole('transfers', 1, 1_000_000),
      member: 'maxTransfersPerAddress',
    },
  ],
  'What it keeps:': [
    {
      key: 'state',
      example: '/var/lib/foresend',
      value: '<DIR>',
      help: `folder for its history and what it learns of devices (${stateFolder()})`,
      kind: path,
    },
    {
      key: 'history',
      example: false,
      value: '',
      help: 'keep nothing: each start begins without what was learnt',
      kind: off,
    },
  ],
  'What it may do:': [
    {
      key: 'confinement',
      example: false,
      value: '',
      help: 'keep the rights to files that it does not need (Linux)',
      kind: off,
    },
    {
      key: 'require-confinement',
      example: true,
      value: '',
      help: 'do not serve where the system cannot take those rights away',
      kind: on,
    },
  ],
  'What follows it:': [
    {
      key: 'hook',
      example: '/usr/local/bin/flashed',
      value: '<COMMAND>',
      help: 'run COMMAND EVENT ADDRESS FILE BYTES when a transfer has ended, the event as JSON on its input',
      kind: path,
    },
    {
      key: 'hook-socket',
      example: '/run/foresend/events.sock',
      value: '<PATH>',
      help: 'write each event as a line of JSON to the program that listens on this Unix socket',
      kind: path,
    },
  ],
  'What it shows:': [
    {
      key: 'log-format',
      example: 'json',
      value: '<FORM>',
      help: 'pretty, or json: one object per line (pretty)',
      kind: word('pretty', 'json'),
    },
    {
      key: 'log-level',
      example: 'info',
      value: '<LEVEL>',
      help: 'error (failures), warn (also refusals, stalls, notices), info, or debug (every event) (info)',
      kind: word(...EVENT_LEVELS),
    },
    {
      key: 'record',
      example: '/var/tmp/foresend',
      value: '<DIR>',
      help: 'write every packet to a capture file there, which Wireshark opens',
      kind: path,
      member: 'record',
    },
  ],
}

/** What is served: the argument of the command, and a key of the file. */
export const PATH_SETTING: Setting = {
  key: 'path',
  example: '/srv/tftp',
  value: '',
  help: 'folder or file to serve',
  kind: path,
  member: 'path',
}

export const SETTINGS: readonly Setting[] = [PATH_SETTING, ...Object.values(SETTING_GROUPS).flat()]

export const SETTING_BY_KEY: ReadonlyMap<string, Setting> = new Map(SETTINGS.map((setting) => [setting.key, setting]))
