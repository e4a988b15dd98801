/** One input against the endpoint: requests, packets of transfers, time, and what owners do. The owner of ../owner.ts looks at all of it. */
import type { Peer } from '../../../src/endpoint/contract.ts'
import { SERVE_LIMITS } from '../../../src/endpoint/limits.ts'
import { ForesendError } from '../../../src/error.ts'
import { Rng } from '../../../src/lab/rng.ts'
import { GroupMember } from '../../../src/transfer/multicast/member.ts'
import { MulticastSession } from '../../../src/transfer/multicast/session.ts'
import { asksForGroup } from '../../../src/transfer/multicast/group-agreement.ts'
import { type FuzzTransfer, lineOf, Owner } from '../owner.ts'
import type { Bytes } from './bytes.ts'
import { Longest } from './longest.ts'
import { ack, data, request } from './words.ts'

const PEERS: readonly Peer[] = [
  { address: '10.0.0.1', port: 2000, local: '', near: true },
  { address: '10.0.0.1', port: 2001, local: '', near: true },
  { address: '203.0.113.7', port: 2000, local: '', near: false },
  { address: 'fe80::1%eth0', port: 2000, local: '', near: true },
]
const TIMES_MS = [0.05, 1, 10, 160, 600, 3100, 20_000]
const MOST_STEPS = 32
/** In blocks of the smallest size these are fewer than there are numbers. */
const MOST_GROUP_BYTES = 500_000
/** Every patience that a machine has (../endpoint-fuzz.ts). */
const AFTERMATH_MS = 3_600_000

/** Returns the time of the longest step. */
export function playServer(bytes: Bytes): number {
  const longest = new Longest()
  const owner = new Owner(new Rng(bytes.u8(), 'coverage'), SERVE_LIMITS)
  const sessions: MulticastSession<GroupMember>[] = []
  owner.sessionOf = (transfer, sizeBytes) => {
    if (!asksForGroup(transfer.request) || sizeBytes > MOST_GROUP_BYTES) return undefined
    const open = sessions.find((session) => session.size > 0)
    if (open !== undefined) return open
    sessions.push(new MulticastSession<GroupMember>({ address: '239.255.0.1', port: 1758 }, bytes.below(2) === 0))
    return sessions.at(-1)
  }
  for (let step = 0; step < MOST_STEPS && !bytes.isEmpty; step++) {
    owner.begin()
    longest.time(() => one(owner, bytes))
    owner.check()
  }
  pass(owner, AFTERMATH_MS)
  owner.check()
  if (owner.endpoint.size > 0 || owner.live.length > 0) throw new Error(`${owner.endpoint.size} transfers are stuck`)
  return longest.ms
}

function one(owner: Owner, bytes: Bytes): void {
  const { endpoint } = owner
  const kind = bytes.below(13)
  const transfer = owner.live[bytes.below(Math.max(1, owner.live.length))] as FuzzTransfer | undefined
  if (kind < 2) {
    const packet = kind === 0 ? request(bytes) : bytes.packet()
    return endpoint.handleRequest(owner.now, bytes.pick(PEERS), packet, 0, packet.length)
  }
  if (kind === 2) return pass(owner, bytes.pick(TIMES_MS))
  if (kind === 3) {
    const packet = bytes.packet()
    return void endpoint.handleStray(owner.now, packet, 0, packet.length)
  }
  if (transfer === undefined) return
  switch (kind) {
    case 4:
      return endpoint.handleUnreachable(owner.now, transfer)
    case 5:
      return endpoint.abort(owner.now, transfer, fault())
    case 6:
      return endpoint.handleStored(owner.now, transfer, fault())
    case 7:
      return take(owner, transfer, bytes.packet())
    case 8:
      return take(owner, transfer, ack(bytes.u8()))
    case 9:
      return take(owner, transfer, data(bytes.u8(), bytes.u8()))
    default:
      // What it waits for, several times.
      for (let left = 1 + bytes.below(8); left > 0 && !transfer.closed; left--) proceed(owner, transfer, bytes)
  }
}

function proceed(owner: Owner, transfer: FuzzTransfer, bytes: Bytes): void {
  const { reached } = lineOf(transfer)
  const aside = bytes.pick([0, 0, 0, 0, 1, -1, -2, 3])
  if (transfer.direction === 'read') return take(owner, transfer, ack(reached + aside))
  const blksize = transfer.agreed?.blksize ?? 512
  take(owner, transfer, data(reached + 1 + aside, bytes.pick([blksize, blksize, blksize, 0, blksize - 1, blksize + 1])))
}

function take(owner: Owner, transfer: FuzzTransfer, packet: Uint8Array): void {
  owner.now += 0.05
  owner.endpoint.handleDatagram(owner.now, transfer, packet, 0, packet.length)
}

function pass(owner: Owner, ms: number): void {
  const until = owner.now + ms
  while (owner.nextAt <= until) {
    owner.now = Math.max(owner.now, owner.nextAt)
    owner.due()
  }
  owner.now = until
}

function fault(): ForesendError {
  return new ForesendError('ERR_TFTP_DISK_FULL', 'as the test wants it', { fault: 'local', wireCode: 3 })
}
