/** tftpd32.ini, or the registry export of the same: the settings of Tftpd32 and Tftpd64. */
import { isIP } from 'node:net'
import { REFUSABLE } from '../../../server/config.ts'
import type { Value } from '../kind.ts'
import type { Imported, Remark, Source } from './contract.ts'

interface Entry {
  readonly section: string
  readonly key: string
  readonly value: string
  readonly line: number
}

type Carry = Readonly<Record<string, Value>> | string

/** What an entry becomes: settings, or the reason why it becomes none. Nothing means that it holds here by itself. */
type Row = (value: string, all: ReadonlyMap<string, string>) => Carry | undefined

const WINDOW = 'it is about the window of Tftpd64, and there is none here'
const GROUPS = 'groups have ranges of addresses here: set multicast, such as 239.255.0.0-255'
const MEASURED = 'timers follow the round trips that are measured; rto fixes the least one'
const on = (value: string): boolean => value !== '' && value !== '0'
const whenOn =
  (carry: Carry): Row =>
  (value) =>
    on(value) ? carry : undefined
const count =
  (key: string): Row =>
  (value) =>
    /^\d+$/.test(value) && value !== '0' ? { [key]: Number(value) } : undefined

/** By the names of the ini file in lower case. */
const ROWS: Readonly<Record<string, Row>> = {
  basedirectory: (value) => (value === '' ? undefined : { path: value }),
  tftpport: count('port'),
  winsize: count('anticipation'),
  negociate: (value, all) => {
    if (on(value)) return undefined
    return on(all.get('pxecompatibility') ?? '0') ? undefined : { refuse: [...REFUSABLE] }
  },
  pxecompatibility: whenOn({ refuse: REFUSABLE.filter((name) => name !== 'tsize') }),
  dirtext: whenOn({ listing: 'dir.txt' }),
  md5: whenOn({ digests: ['md5'] }),
  localip: (value) => {
    if (value === '') return undefined
    return isIP(value) === 0 ? 'it names a network card; write its address as host' : { host: [value] }
  },
  securitylevel: (value) => {
    if (value === '3') return undefined
    if (value === '2') return 'it lets clients fill empty files, which no policy of uploads does: uploads are off'
    return { uploads: 'overwrite' }
  },
  lowestudpport: (value, all) => {
    const last = all.get('highestudpport') ?? '0'
    return on(value) && on(last) ? { 'port-range': `${value}:${last}` } : undefined
  },
  highestudpport: () => undefined,
  'max simultaneous transfers': count('max-transfers'),
  tftplogfile: (value) => (value === '' ? undefined : { 'log-file': value }),
  'enable ipv6': (value, all) => (on(value) || (all.get('localip') ?? '') !== '' ? undefined : { host: ['0.0.0.0'] }),
  timeout: () => MEASURED,
  maxretransmit: () => 'a transfer is given up after 30 s without progress, or six timers of its client',
  'support for port option': whenOn('the option udpport is not granted; single-port helps behind NAT'),
  multicastport: whenOn(GROUPS),
  multicastaddress: whenOn(GROUPS),
  savesyslogfile: whenOn('this is no syslog server'),
  pipesyslogmsg: whenOn('this is no syslog server'),
  useeventlog: whenOn('log-format = "syslog" or "json" takes its place'),
  httpbasedirectory: (value) => (value === '' || value === '.' ? undefined : 'files are not served by HTTP'),
  services: (value) => ((Number(value) & 1) === 0 ? 'it has TFTP switched off' : undefined),
  // What holds here by itself: slashes of both kinds, a root that names begin at, no wait for a last ACK without end.
  unixstrings: () => undefined,
  virtualroot: () => undefined,
  'reduce tftp path': () => undefined,
  'ignore ack for last tftp packet': () => undefined,
  hide: whenOn(WINDOW),
  showprogressbar: () => undefined,
  beep: whenOn(WINDOW),
  'keep transfer gui': () => undefined,
  lastwindowpos: () => undefined,
  'console password': () => undefined,
  'donot verify firewall': () => undefined,
}

export function importTftpd32(source: Source): Imported {
  const entries = entriesOf(source)
  const own = entries.filter(({ section }) => isTftpSection(section))
  const all = new Map(own.map(({ key, value }) => [key.toLowerCase(), value]))
  const values: Record<string, Value> = {}
  const remarks: Remark[] = []
  const remark = (entry: Entry, why: string): void => {
    remarks.push({ file: source.file, line: entry.line, what: entry.key, why })
  }
  for (const entry of entries) {
    if (!isTftpSection(entry.section)) {
      if (on(entry.value)) remark(entry, `[${entry.section}] is not carried over: foresend serve is a TFTP server only`)
      continue
    }
    const row = ROWS[entry.key.toLowerCase()]
    const carry = row === undefined ? whenOnUnknown(entry.value) : row(entry.value, all)
    if (typeof carry === 'string') remark(entry, carry)
    else Object.assign(values, carry)
  }
  return { values, remarks }
}

function whenOnUnknown(value: string): string | undefined {
  return on(value) ? 'it is not known what it does' : undefined
}

/** `[TFTPD32]` of the ini file, or the key of the registry that ends with it. */
function isTftpSection(section: string): boolean {
  return /(^|\\)TFTPD(32|33|64)$/i.test(section)
}

/** Section by section; the registry writes `"key"="text"` with backslashes doubled, and numbers as `dword:` in hexadecimal. */
function entriesOf({ text }: Source): Entry[] {
  let section = ''
  return text.split(/\r?\n/).flatMap((source, index): Entry[] => {
    const header = /^\s*\[(.+)\]\s*$/.exec(source)
    if (header !== null) {
      section = header[1] as string
      return []
    }
    const [, key, value] = /^\s*("(?:[^"\\]|\\.)*"|[^=;]+?)\s*=(.*)$/.exec(source) ?? []
    if (key === undefined || value === undefined) return []
    return [{ section, key: unquoted(key), value: unquoted(value.trim()), line: index + 1 }]
  })
}

function unquoted(text: string): string {
  const dword = /^dword:([0-9a-f]{1,8})$/i.exec(text)
  if (dword !== null) return String(Number.parseInt(dword[1] as string, 16))
  return /^".*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text
}
