/**
 * Every setting of `foresend serve`, one row each. A row is a flag (`--key`) and a key of the configuration file at the same time;
 * neither exists without the other.
 */
import { EVENT_LEVELS } from '../../server/level.ts'
import { stateFolder } from '../../history/state-folder.ts'
import type { Setting } from './kind.ts'
import { KIND } from './kinds.ts'
import { NAME_SETTINGS, UPLOAD_SETTINGS } from './content-settings.ts'
import { RULE_SETTINGS } from './rule-settings.ts'

/** The rows by the headings of the help. */
export const SETTING_GROUPS: Readonly<Record<string, readonly Setting[]>> = {
  'Where it listens:': [
    {
      key: 'host',
      example: ['192.168.1.10'],
      value: '<ADDR>',
      help: 'address of this machine to listen on; repeat it for several (all)',
      kind: KIND.addresses,
      member: 'hosts',
    },
    {
      key: 'port',
      example: 69,
      value: '<N>',
      help: 'UDP port; 0 takes any that is free (69, else 6969)',
      kind: KIND.port,
      member: 'port',
    },
    {
      key: 'single-port',
      example: true,
      value: '',
      help: 'answer from the listening port itself (for NAT and containers)',
      kind: KIND.on,
      member: 'singlePort',
    },
    {
      key: 'port-range',
      example: '50000:50999',
      value: '<A:B>',
      help: "ports of transfers, where a firewall lets only those through (the system's choice)",
      kind: KIND.portRange,
      member: 'portRange',
    },
    {
      key: 'driver',
      example: 'auto',
      value: '<NAME>',
      help: 'auto, dgram, or batch (Linux, faster): how packets reach the kernel (auto)',
      kind: KIND.word('auto', 'dgram', 'batch'),
      member: 'driver',
    },
    {
      key: 'workers',
      example: 'auto',
      value: '<N>',
      help: 'auto, or threads of the batch driver that share the port (auto)',
      kind: KIND.workers,
      member: 'workers',
    },
  ],
  'Who may do what:': [
    {
      key: 'allow',
      example: ['203.0.113.0/24'],
      value: '<CIDR>',
      help: 'serve this network too, though it is not private; repeatable',
      kind: KIND.networks,
      member: 'allow',
    },
    {
      key: 'deny',
      example: ['192.168.7.0/24'],
      value: '<CIDR>',
      help: 'never serve this network; repeatable',
      kind: KIND.networks,
      member: 'deny',
    },
    {
      key: 'rule',
      example: [
        { client: ['192.168.1.0/24', '02:00:00:00:00:07'], file: ['*.cfg'], direction: 'write', allow: false },
        { client: ['192.168.2.0/24'], 'max-blksize': 1468, window: 4 },
      ],
      value: '<TABLE>',
      help: 'what holds for some clients, files or kinds of device: --rule \'client = "10.0.0.7", window = 4\'; repeatable, the first that fits decides',
      kind: { type: 'tables', settings: RULE_SETTINGS },
      member: 'rules',
    },
    {
      key: 'refuse',
      example: ['blksize'],
      value: '<OPTION>',
      help: 'an option that no client gets; repeatable',
      kind: KIND.options,
      member: 'refuse',
    },
    {
      key: 'max-blksize',
      example: 1468,
      value: '<BYTES>',
      help: 'the largest block that is granted (65464)',
      kind: KIND.blksize,
      member: 'maxBlksize',
    },
    {
      key: 'max-windowsize',
      example: 16,
      value: '<N>',
      help: 'the longest window that is granted (1024)',
      kind: KIND.windowsize,
      member: 'maxWindowsize',
    },
  ],
  'How it sends:': [
    {
      key: 'window',
      example: 'auto',
      value: '<W>',
      help: 'auto, strict (RFC 1350 to the letter) or blocks that may be on the way (auto)',
      kind: KIND.window,
      member: 'window',
    },
    {
      key: 'anticipation',
      example: 4096,
      value: '<BYTES>',
      help: "the same in Tftpd64's way: 1 + BYTES / blksize blocks on the way",
      kind: KIND.anticipation,
      member: 'anticipationBytes',
    },
    {
      key: 'copies',
      example: 2,
      value: '<N>',
      help: 'send every block N times (1)',
      kind: KIND.copies,
      member: 'copies',
    },
    {
      key: 'gap',
      example: 0.5,
      value: '<MS>',
      help: 'milliseconds between two packets of a window (0)',
      kind: KIND.gap,
      member: 'gapMs',
    },
    {
      key: 'rto',
      example: 50,
      value: '<MS>',
      help: 'repeat a block after this many milliseconds (measured)',
      kind: KIND.rto,
      member: 'rtoMs',
    },
    {
      key: 'rollover',
      example: 'any',
      value: '<R>',
      help: 'the block after 65535: 0, 1, any (send 0, take either), or none (no such files) (any)',
      kind: KIND.rollover,
      member: 'rollover',
    },
  ],
  'Files:': [
    ...NAME_SETTINGS,
    {
      key: 'writable',
      example: true,
      value: '',
      help: 'let devices store new files',
      kind: KIND.on,
      member: 'writable',
    },
    {
      key: 'overwrite',
      example: true,
      value: '',
      help: 'let them replace files as well (with --writable)',
      kind: KIND.on,
      member: 'overwrite',
    },
    ...UPLOAD_SETTINGS,
  ],
  'Limits:': [
    {
      key: 'max-transfers',
      example: 1000,
      value: '<N>',
      help: 'transfers at the same time',
      kind: KIND.transfers,
      member: 'maxTransfers',
    },
    {
      key: 'max-transfers-per-address',
      example: 32,
      value: '<N>',
      help: 'the same for one address',
      kind: KIND.transfers,
      member: 'maxTransfersPerAddress',
    },
    {
      key: 'max-requests',
      example: 1000,
      value: '<N>',
      help: 'requests in a second; more stay unanswered',
      kind: KIND.requests,
      member: 'requestsPerSec',
    },
    {
      key: 'max-requests-per-address',
      example: 20,
      value: '<N>',
      help: 'the same for one address',
      kind: KIND.requests,
      member: 'requestsPerSecPerAddress',
    },
    {
      key: 'max-rate',
      example: 100_000_000,
      value: '<BYTES>',
      help: 'bytes that are sent in a second, such as 500k or 10M; windows wait and stay whole',
      kind: KIND.rate,
      member: 'bytesPerSec',
    },
    {
      key: 'max-rate-per-address',
      example: 10_000_000,
      value: '<BYTES>',
      help: 'the same for one address',
      kind: KIND.rate,
      member: 'bytesPerSecPerAddress',
    },
  ],
  'How it runs:': [
    {
      key: 'user',
      example: 'tftp',
      value: '<USER>',
      help: 'become this user once the port is bound (USER or USER:GROUP; needs root)',
      kind: KIND.text,
    },
    {
      key: 'pidfile',
      example: '/run/foresend.pid',
      value: '<FILE>',
      help: 'write the number of the process there, and remove it at the end',
      kind: KIND.path,
    },
    {
      key: 'exit-idle',
      example: 300,
      value: '<SECONDS>',
      help: 'end after this long without a request or transfer (for inetd and socket activation)',
      kind: KIND.seconds,
    },
  ],
  'What it keeps:': [
    {
      key: 'state',
      example: '/var/lib/foresend',
      value: '<DIR>',
      help: `folder for its history and what it learns of devices (${stateFolder()})`,
      kind: KIND.path,
      member: 'state',
      isOwn: true,
    },
    {
      key: 'history',
      example: false,
      value: '',
      help: 'keep nothing: each start begins without what was learnt',
      kind: KIND.off,
    },
  ],
  'What it may do:': [
    {
      key: 'confinement',
      example: false,
      value: '',
      help: 'keep the rights to files that it does not need (Linux)',
      kind: KIND.off,
    },
    {
      key: 'require-confinement',
      example: true,
      value: '',
      help: 'do not serve where the system cannot take those rights away',
      kind: KIND.on,
    },
  ],
  'What follows it:': [
    {
      key: 'hook',
      example: '/usr/local/bin/flashed',
      value: '<COMMAND>',
      help: 'run COMMAND EVENT ADDRESS FILE BYTES when a transfer has ended, the event as JSON on its input',
      kind: KIND.path,
    },
    {
      key: 'hook-socket',
      example: '/run/foresend/events.sock',
      value: '<PATH>',
      help: 'write each event as a line of JSON to the program that listens on this Unix socket',
      kind: KIND.path,
    },
  ],
  'What it shows:': [
    {
      key: 'log-format',
      example: 'json',
      value: '<FORM>',
      help: 'pretty, json (one object per line), or syslog (pretty)',
      kind: KIND.word('pretty', 'json', 'syslog'),
    },
    {
      key: 'log-level',
      example: 'info',
      value: '<LEVEL>',
      help: 'error (failures), warn (also refusals, stalls, notices), info, or debug (every event) (info)',
      kind: KIND.word(...EVENT_LEVELS),
    },
    {
      key: 'log-file',
      example: '/var/log/foresend.log',
      value: '<FILE>',
      help: 'append what it shows to this file (standard output)',
      kind: KIND.path,
    },
    {
      key: 'record',
      example: '/var/tmp/foresend',
      value: '<DIR>',
      help: 'write every packet to a capture file there, which Wireshark opens',
      kind: KIND.path,
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
  kind: KIND.path,
  member: 'path',
}

export const SETTINGS: readonly Setting[] = [PATH_SETTING, ...Object.values(SETTING_GROUPS).flat()]
