/** Totals of the network side, summed over serving instances, and what a person should know of them. */
import type { NetworkStats } from './contract.ts'

export const NO_STATS: NetworkStats = {
  requests: 0,
  ignored: 0,
  repeated: 0,
  refused: 0,
  arrivals: 0,
  sendErrors: {},
  receiveErrors: 0,
  dropped: 0,
}

export function addStats(a: NetworkStats, b: NetworkStats): NetworkStats {
  return {
    requests: a.requests + b.requests,
    ignored: a.ignored + b.ignored,
    repeated: a.repeated + b.repeated,
    refused: a.refused + b.refused,
    arrivals: a.arrivals + b.arrivals,
    sendErrors: addCounts(a.sendErrors, b.sendErrors),
    receiveErrors: a.receiveErrors + b.receiveErrors,
    dropped: a.dropped + b.dropped,
  }
}

export function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum: Record<string, number> = { ...a }
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count
  return sum
}

/** Errors of `send` that say what is wrong, and what to do about it. */
const REMEDIES: Readonly<Record<string, string>> = {
  EPERM:
    "this machine's own firewall drops what the server sends: allow outgoing UDP in it (look at `sudo nft list ruleset`)",
  EACCES: 'this machine does not let the server send there (a security module, or a broadcast address)',
  ENETUNREACH: 'this machine has no route to the client: give a network card an address in its network',
  EHOSTUNREACH: 'the client does not answer ARP: check its cable and its address',
  ENOBUFS: "the network card's queue is full: the line is slower than what is sent",
  EMSGSIZE: 'datagrams are larger than the line takes: let the client ask for a smaller blksize',
}
/** ICMP of clients that went away. */
const ORDINARY: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET'])
/** One line in this time for each kind of error. */
const NOTICE_EVERY_MS = 60_000

/** Turns send errors that grow into a line now and then: a firewall that eats our answers must be visible. */
export class SendFailures {
  readonly #told = new Map<string, { count: number; at: number }>()

  /** `now` in milliseconds, `counts` by errno. The line to show, if there is one. */
  noticeFor(now: number, counts: Readonly<Record<string, number>>): string | undefined {
    const lines: string[] = []
    for (const [errno, count] of Object.entries(counts)) {
      if (ORDINARY.has(errno)) continue
      const told = this.#told.get(errno) ?? { count: 0, at: -Infinity }
      if (count <= told.count || now - told.at < NOTICE_EVERY_MS) continue
      this.#told.set(errno, { count, at: now })
      const remedy = REMEDIES[errno] ?? 'look the name of this error up, or report it'
      lines.push(`${count - told.count} datagrams could not be sent (${errno}): ${remedy}`)
    }
    return lines.length === 0 ? undefined : lines.join('; ')
  }
}
