/**
 * Names that have led out of the folder of one server or another: dot-dot in all encodings, absolute paths, UNC, drive letters, streams,
 * long names, control characters, and links. Each is a string of bytes (latin1), as it stands in a request.
 */
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What stands in every file outside; no answer may have it. */
export const SECRET = 'SECRET: outside of the root'
export const INSIDE = 'inside of the root'

export interface TrickFolder {
  /** Holds everything; outside of the root. */
  readonly base: string
  readonly root: string
}

/** A root with files and with links that lead out of it, and secrets beside it. */
export function trickFolder(folder: string): TrickFolder {
  const base = realpathSync.native(folder)
  const root = join(base, 'srv', 'root')
  mkdirSync(join(root, 'sub', 'deep'), { recursive: true })
  mkdirSync(join(base, 'etc'))
  // The root's name with something behind it: a prefix of a string is no folder.
  mkdirSync(join(base, 'srv', 'root-secret'))
  for (const path of ['secret', 'etc/passwd', 'srv/secret', 'srv/root-secret/secret'])
    writeFileSync(join(base, path), SECRET)
  for (const path of ['file', 'sub/file', 'sub/deep/file']) writeFileSync(join(root, path), INSIDE)
  const links: Readonly<Record<string, string>> = {
    'link-file': join(base, 'secret'),
    'link-relative': '../../secret',
    'link-folder': base,
    'link-up': '..',
    'link-sibling': '../root-secret',
    'link-chain': 'sub/link-chain-2',
    'sub/link-chain-2': '../link-file',
    'sub/link-up-2': '../..',
    'link-root': '/',
    'link-proc': '/proc/self/root',
    'link-cwd': '/proc/self/cwd',
    'link-fd': '/proc/self/fd',
    'link-loop': 'link-loop',
    'link-missing': join(base, 'not-there'),
    'link-device': '/dev/zero',
    'link-inside-out': 'sub/../../secret',
  }
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name))
  return { base, root }
}

const UPWARDS = [
  '..',
  '..;',
  '.. ',
  ' ..',
  '...',
  '....',
  '. .',
  '.\x01.',
  '..\x7f',
  '%2e%2e',
  '%2E%2E',
  '.%2e',
  '%2e.',
  '%252e%252e',
  '%c0%ae%c0%ae',
  '\xc0\xae\xc0\xae',
  '\xe0\x80\xae\xe0\x80\xae',
  '\xf0\x80\x80\xae.',
  '%u002e%u002e',
  '\\u002e\\u002e',
  '0x2e0x2e',
  '&#46;&#46;',
  '\xef\xbc\x8e\xef\xbc\x8e',
  '\xe2\x80\xa5',
  '.\xe2\x80\x8b.',
  '.\xcc\x81.',
  '..%00',
  '..\\',
  '.\\.',
  '..::$DATA',
  '..:',
  '..~1',
  '.\xad.',
]
const SEPARATORS = [
  '/',
  '\\',
  '//',
  '\\\\',
  '/\\',
  '%2f',
  '%5c',
  '%252f',
  '\xc0\xaf',
  '\xc1\x9c',
  '\xe2\x88\x95',
  '\xef\xbc\x8f',
  '/./',
  '/sub/../',
]

/** At least 400, for the folder that `trickFolder` made. */
export function pathTricks({ base, root }: TrickFolder): string[] {
  const climbing = UPWARDS.flatMap((up) => ['/', '\\'].flatMap((separator) => climbs(up, separator)))
  const separated = SEPARATORS.flatMap((separator) => climbs('..', separator))
  return [...new Set([...climbing, ...separated, ...absolute(base, root), ...WINDOWS, ...throughLinks(base), ...ODD])]
}

/** To the secrets beside the root, two folders up and one. */
function climbs(up: string, separator: string): string[] {
  const twice = `${up}${separator}${up}${separator}`
  return [
    `${twice}secret`,
    `${up}${separator}secret`,
    `${separator}${twice}secret`,
    `sub${separator}${up}${separator}${twice}secret`,
    `${twice}etc${separator}passwd`,
    `${up}${separator}root-secret${separator}secret`,
  ]
}

function absolute(base: string, root: string): string[] {
  const secret = join(base, 'secret')
  return [
    secret,
    `/${secret}`,
    `//${secret}`,
    `.${secret}`,
    `./${secret}`,
    `file://${secret}`,
    `file:${secret}`,
    `tftp://127.0.0.1${secret}`,
    `${root}/../../secret`,
    `${root}/file`,
    `${root}-secret/secret`,
    '/etc/passwd',
    '//etc//passwd',
    '/./etc/passwd',
    '~/secret',
    '~root/secret',
    '$HOME/secret',
    '`cat secret`',
    '|cat secret',
    '/proc/self/environ',
    '/proc/self/root/etc/passwd',
    '/dev/zero',
    '/dev/stdin',
    '/dev/fd/0',
    secret.replaceAll('/', '\\'),
    `\\${secret.replaceAll('/', '\\')}`,
  ]
}

const WINDOWS = [
  '\\\\127.0.0.1\\c$\\secret',
  '//127.0.0.1/c$/secret',
  '\\\\?\\C:\\secret',
  '\\\\.\\C:\\secret',
  '\\\\.\\PhysicalDrive0',
  '\\??\\C:\\secret',
  '\\\\localhost\\share\\..\\secret',
  'C:\\secret',
  'C:/secret',
  'c:secret',
  'C:',
  'C:\\..\\secret',
  'Z:/../../secret',
  'C|/secret',
  'file::$DATA',
  'file:$DATA',
  'file:stream:$DATA',
  'sub:$I30:$INDEX_ALLOCATION/file',
  '..:$I30:$INDEX_ALLOCATION/secret',
  'file.',
  'file...',
  'file ',
  'FILE~1',
  'con',
  'nul.txt',
  'aux/file',
  'com1',
  'lpt\xb9',
  'conin$',
  'prn .txt',
]

function throughLinks(base: string): string[] {
  const secret = join(base, 'secret')
  return [
    'link-file',
    'link-relative',
    'link-folder/secret',
    'link-folder/etc/passwd',
    'link-up/secret',
    'link-up/../secret',
    'link-up/root-secret/secret',
    'link-sibling/secret',
    'link-chain',
    'sub/link-chain-2',
    'sub/link-up-2/secret',
    'sub/link-up-2/srv/secret',
    `link-root${secret}`,
    'link-root/etc/passwd',
    `link-proc${secret}`,
    'link-cwd/package.json',
    'link-fd/0',
    'link-loop',
    'link-loop/secret',
    'link-missing',
    'link-missing/secret',
    'link-device',
    'link-inside-out',
    'sub/../link-file',
    './link-file',
    'LINK-FILE',
    'Link-Folder/Secret',
    'link-file/',
    'link-file/.',
    'link-folder',
    'link-up',
    'link-root',
    'link-folder/new',
    'link-up/new',
    'link-sibling/new',
    'link-missing/new',
    'sub/link-up-2/new',
    `link-root${base}/new`,
  ]
}

const ODD = [
  '.',
  './',
  '/',
  '\\',
  '//',
  '...',
  ' ',
  '.file',
  '-',
  '--help',
  '*',
  '?',
  '[a-z]*',
  'sub/*',
  'sub',
  'sub/',
  'sub/.',
  'sub/deep/..',
  'sub/deep/../file',
  'file/',
  'file/..',
  'file/../file',
  'file/../../secret',
  ...Array.from({ length: 31 }, (_, i) => `..${String.fromCharCode(i + 1)}/../secret`),
  ...['\n', '\r\n', '\t', '\x1b[2J', '\x7f', '\x08', '\x9b'].flatMap((text) => [
    `file${text}`,
    `${text}../../secret`,
    `link-file${text}`,
  ]),
  'x'.repeat(255),
  'x'.repeat(256),
  'x'.repeat(511),
  `${'../'.repeat(160)}secret`,
  `${'./'.repeat(240)}../../secret`,
  `${'sub/../'.repeat(60)}../../secret`,
  `${'/'.repeat(490)}../../secret`,
  `${'a/'.repeat(100)}${'../'.repeat(102)}secret`,
  `sub/${'x'.repeat(300)}/../../../../secret`,
  `${'\\..'.repeat(150)}\\secret`,
  '.file.foresend-1-0123456789ab-1.part',
  'sub/.x.foresend-1-0123456789ab-1.part',
  '\xff\xfe../../secret',
  '\xff',
  'caf\xe9',
  '\xed\xa0\x80',
  '\xef\xbb\xbf../../secret',
]
