/** Rows of the table of settings about files: which one a name means, and what uploads may do. */
import { InvalidArgumentError } from 'commander'
import { UNIQUE_ROOTS } from '../../content/client-roots.ts'
import { DIGESTS, UPLOAD_POLICIES } from '../../content/upload-rules.ts'
import { oneOf } from '../flags.ts'
import { type Kind, pathText, type Setting } from './kind.ts'

const on: Kind = { type: 'switch', isOn: false }
const path: Kind = { type: 'path' }
const bytes: Kind = { type: 'either', parse: bytesFlag }
const octal: Kind = { type: 'text', parse: octalFlag }

/** Bytes, also as `64K`, `100M` and `2G` (powers of 1024). */
export function bytesFlag(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,15})([KMGT]?)$/i.exec(text) ?? []
  const value = Number(digits) * 1024 ** ' KMGT'.indexOf(unit === '' ? ' ' : unit.toUpperCase())
  if (digits === '' || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('It takes a number of bytes, such as 1500000, 64K, 100M or 2G.')
  }
  return value
}

function octalFlag(text: string): string {
  if (!/^0?[0-7]{1,3}$/.test(text))
    throw new InvalidArgumentError('It takes permissions in octal, such as 022 or 0640.')
  return text
}

function folderList(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), pathText(text)]
}

function clientList(text: string, before: readonly string[] | undefined): readonly string[] {
  if (!/^[^=]+=.+$/.test(text)) {
    throw new InvalidArgumentError('It takes CLIENT=DIR, such as 192.168.1.20=/srv/lab or 02:00:00:00:00:01=/srv/lab.')
  }
  return [...(before ?? []), text]
}

/** Names separated by commas. */
function digestList(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(',').map(oneOf(...DIGESTS))]
}

export const NAME_SETTINGS: readonly Setting[] = [
  {
    key: 'map',
    example: '/etc/tftpd.rules',
    value: '<FILE>',
    help: 'rewrite names by this map file of tftp-hpa (-m); try it with `foresend config map-test`',
    kind: path,
    member: 'map',
  },
  {
    key: 'pcre',
    example: '/etc/atftpd.pcre',
    value: '<FILE>',
    help: "rules of atftpd's --pcre, for names that are missing",
    kind: path,
    member: 'pcre',
  },
  {
    key: 'rewriter',
    example: '/run/tftp-rewrite.sock',
    value: '<SOCKET>',
    help: "ask a program for each name over this Unix socket, as OpenBSD's tftpd -r",
    kind: path,
    member: 'rewriter',
  },
  { key: 'lowercase', example: true, value: '', help: 'turn names into lower case', kind: on, member: 'lowercase' },
  {
    key: 'any-case',
    example: true,
    value: '',
    help: 'where nothing has the name, take what differs in case alone',
    kind: on,
    member: 'anyCase',
  },
  {
    key: 'overlay',
    example: ['/srv/tftp-common'],
    value: '<DIR>',
    help: 'look here for what the folder does not have; repeatable',
    kind: { type: 'list', parse: folderList },
    member: 'overlay',
  },
  {
    key: 'client-root',
    example: ['192.168.1.20=/srv/lab'],
    value: '<CLIENT=DIR>',
    help: 'look here first for a client, by address, network or MAC address; repeatable',
    kind: { type: 'list', parse: clientList },
    member: 'clientRoot',
  },
  {
    key: 'unique-root',
    example: 'ip',
    value: '<BY>',
    help: "ip or mac: a client's folder below the root, where it is, takes its place; with -then-root it goes first",
    kind: { type: 'text', parse: oneOf(...UNIQUE_ROOTS) },
    member: 'uniqueRoot',
  },
  {
    key: 'listing',
    example: 'dir.txt',
    value: '<NAME>',
    help: 'answer this name with a list of the files in its folder',
    kind: { type: 'text', parse: pathText },
    member: 'listing',
  },
  {
    key: 'public-only',
    example: true,
    value: '',
    help: 'send only what everybody may read, replace only what everybody may write (as tftp-hpa does without -p)',
    kind: on,
    member: 'publicOnly',
  },
]

export const UPLOAD_SETTINGS: readonly Setting[] = [
  {
    key: 'uploads',
    example: 'versions',
    value: '<POLICY>',
    help: 'none, existing (replace, make none), create (make, replace none), overwrite (both), or versions (both, and keep what was there as NAME.1, NAME.2)',
    kind: { type: 'text', parse: oneOf(...UPLOAD_POLICIES) },
    member: 'uploads',
  },
  {
    key: 'upload-root',
    example: '/srv/uploads',
    value: '<DIR>',
    help: 'store uploads here, not in the folder that is served',
    kind: path,
    member: 'uploadRoot',
  },
  {
    key: 'umask',
    example: '022',
    value: '<BITS>',
    help: 'permissions that uploads do not get, in octal',
    kind: octal,
    member: 'umask',
  },
  {
    key: 'upload-mode',
    example: '0640',
    value: '<BITS>',
    help: 'permissions of uploads, in octal (0644 less the umask of the process; a replaced file keeps its own)',
    kind: octal,
    member: 'uploadMode',
  },
  {
    key: 'max-upload',
    example: 104_857_600,
    value: '<BYTES>',
    help: 'largest upload; 64K, 100M and 2G are understood',
    kind: bytes,
    member: 'maxUploadBytes',
  },
  {
    key: 'quota',
    example: 1_073_741_824,
    value: '<BYTES>',
    help: 'what all files below the folder of uploads may have together',
    kind: bytes,
    member: 'quotaBytes',
  },
  {
    key: 'min-free',
    example: 1_073_741_824,
    value: '<BYTES>',
    help: 'what stays free on the disk',
    kind: bytes,
    member: 'minFreeBytes',
  },
  {
    key: 'digests',
    example: ['sha256', 'md5'],
    value: '<NAMES>',
    help: 'sha256, md5 or both: write NAME.sha256 beside each upload',
    kind: { type: 'list', parse: digestList },
    member: 'digests',
  },
]
