/** The MAC addresses of the machines on this network, from the system's neighbour table. */
import { readFileSync } from 'node:fs'

/** The table is read again at most this often: devices on a bench take each other's address within seconds. */
const READ_EVERY_MS = 1000
const TABLE = '/proc/net/arp'

/** `02:00:00:00:00:01` for an IPv4 address that the table has. */
export class Neighbours {
  readonly #read: () => string
  #macs: ReadonlyMap<string, string> = new Map()
  #readAt = -Infinity

  /** `read` returns the table in the form of Linux' /proc/net/arp, and throws where there is none. */
  constructor(read: () => string = () => readFileSync(TABLE, 'latin1')) {
    this.#read = read
  }

  /** `now` in milliseconds. Undefined where the table has no complete entry, or the system shows none. */
  macOf(now: number, address: string): string | undefined {
    if (address.includes(':') || address.startsWith('127.')) return undefined
    if (now - this.#readAt >= READ_EVERY_MS) {
      this.#readAt = now
      this.#macs = this.#table()
    }
    return this.#macs.get(address)
  }

  #table(): ReadonlyMap<string, string> {
    try {
      return parseArp(this.#read())
    } catch {
      // Other systems, and containers that hide it: devices are known by their address then.
      return new Map()
    }
  }
}

/** A line is `IP HWTYPE FLAGS MAC MASK DEVICE`; flag 2 marks an entry that is complete. */
function parseArp(text: string): Map<string, string> {
  const macs = new Map<string, string>()
  for (const line of text.split('\n').slice(1)) {
    const [address, , flags, mac] = line.split(/\s+/)
    if (mac === undefined || (Number(flags) & 2) === 0 || mac === '00:00:00:00:00:00') continue
    macs.set(address, mac.toLowerCase())
  }
  return macs
}
