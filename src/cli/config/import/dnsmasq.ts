/** dnsmasq.conf, with the files that it names: what is about TFTP. */
import { existsSync, readdirSync } from 'node:fs'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { usageError } from '../../exit.ts'
import type { Value } from '../kind.ts'
import type { Imported, Remark, Source } from './contract.ts'
import { readSource } from './decode.ts'

interface Entry {
  readonly file: string
  readonly line: number
  readonly key: string
  readonly value: string
}

/** Files that name each other without end. */
const MAX_FILES = 1000
/** IP, UDP and the four bytes of DATA. */
const HEADERS_BYTES = 32

type Carry = Readonly<Record<string, Value>> | string | undefined

const ROWS: Readonly<Record<string, (value: string) => Carry>> = {
  'enable-tftp': (value) => (value === '' ? undefined : hostsOf(value)),
  'tftp-root': (value) => {
    const [path = '', card] = value.split(',')
    return card === undefined
      ? { path }
      : `a folder for one network card (${card}): client-root gives folders to networks`
  },
  'tftp-unique-root': (value) => ({ 'unique-root': value === 'mac' ? 'mac-then-root' : 'ip-then-root' }),
  'tftp-lowercase': () => ({ lowercase: true }),
  'tftp-max': (value) => ({ 'max-transfers': Number(value) }),
  'tftp-mtu': (value) => ({ 'max-blksize': Math.max(8, Number(value) - HEADERS_BYTES) }),
  'tftp-no-blocksize': () => ({ refuse: ['blksize'] }),
  'tftp-port-range': (value) => ({ 'port-range': value.replace(',', ':') }),
  'tftp-single-port': () => ({ 'single-port': true }),
  'tftp-no-fail': () => 'the folder has to be there when the server starts',
  'quiet-tftp': () => ({ 'log-level': 'warn' }),
  'listen-address': (value) => ({ host: value.split(',').filter((address) => isIP(address) !== 0) }),
  user: (value) => ({ user: value }),
  'conf-file': unread,
  'conf-dir': unread,
}

function unread(value: string): string {
  return `${value} is not here: what stands in it is not carried over; import on the machine of that dnsmasq, or copy it too`
}

/** Of an address in IPv4 and IPv6 for each card that this machine has. */
function hostsOf(value: string): Carry {
  const cards = networkInterfaces()
  const host = value.split(',').flatMap((name) => (cards[name.trim()] ?? []).map(({ address }) => address))
  return host.length > 0
    ? { host }
    : `this machine has no network card ${value}: write the addresses to listen on as host`
}

export function importDnsmasq(source: Source): Imported {
  const entries = entriesOf(source, new Set([source.file]))
  const values: Record<string, Value> = {}
  const remarks: Remark[] = []
  for (const { file, line, key, value } of entries) {
    const remark = (why: string): void => void remarks.push({ file, line, what: key, why })
    // Owned by the user of the server, or, under root, readable by every user: the stricter of the two that there is.
    if (key === 'tftp-secure') {
      values['public-only'] = true
      remark('only files that every user may read are served; who owns them does not count')
      continue
    }
    const carry = ROWS[key] === undefined ? reasonFor(key) : ROWS[key](value)
    if (typeof carry === 'string') remark(carry)
    else Object.assign(values, carry)
  }
  if (!entries.some(({ key }) => key === 'enable-tftp')) {
    remarks.push({
      file: source.file,
      line: undefined,
      what: 'enable-tftp',
      why: 'it is not set: this dnsmasq serves no files',
    })
  }
  return { values, remarks }
}

function reasonFor(key: string): string {
  if (/^(dhcp|pxe|ra-|enable-ra)/.test(key)) {
    return 'addresses and boot information stay with dnsmasq: leave it running without enable-tftp'
  }
  return 'it is not about TFTP: it stays with dnsmasq'
}

function entriesOf(source: Source, seen: Set<string>): Entry[] {
  return source.text.split(/\r?\n/).flatMap((text, index): Entry[] => {
    const bare = text.replace(/(^|\s)#.*$/, '').trim()
    if (bare === '') return []
    const [key = '', ...parts] = bare.split('=')
    const entry = {
      file: source.file,
      line: index + 1,
      key: key.trim(),
      value: parts
        .join('=')
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    }
    if (entry.key === 'conf-file') return orUnread(entry, () => filesOf([entry.value], entry, seen))
    if (entry.key === 'conf-dir') return orUnread(entry, () => filesOf(confDir(entry), entry, seen))
    return [entry]
  })
}

function filesOf(files: readonly string[], { file, line }: Entry, seen: Set<string>): Entry[] {
  return files.flatMap((path) => {
    if (seen.has(path)) return []
    seen.add(path)
    if (seen.size > MAX_FILES) throw usageError(`${file}:${line}: more than ${MAX_FILES} files are named`)
    return entriesOf(readSource(path), seen)
  })
}

/** A copy of the file, on another machine, names files that are not there. */
function orUnread(entry: Entry, read: () => Entry[]): Entry[] {
  return existsSync(entry.value.split(',', 1)[0]) ? read() : [entry]
}

/** `DIR,.bak,*.conf`: endings that are left out, and with a star the only ones that are read. */
function confDir({ file, line, value }: Entry): string[] {
  const [folder = '', ...endings] = value.split(',').map((part) => part.trim())
  const only = endings.filter((ending) => ending.startsWith('*')).map((ending) => ending.slice(1))
  const not = endings.filter((ending) => !ending.startsWith('*'))
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    throw usageError(`${file}:${line}: cannot read the folder ${folder}`)
  }
  return names
    .filter((name) => !name.endsWith('~') && !name.startsWith('.') && !(name.startsWith('#') && name.endsWith('#')))
    .filter((name) => only.length === 0 || only.some((ending) => name.endsWith(ending)))
    .filter((name) => !not.some((ending) => name.endsWith(ending)))
    .sort()
    .map((name) => join(folder, name))
}
