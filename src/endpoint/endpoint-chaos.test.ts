import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LAST_BLOCK, OwnerDouble, peer } from '../../test/double/endpoint.ts'
import { ForesendError } from '../error.ts'
import { encodeRequest, type Option, type Request } from '../packet/index.ts'
import { Receiver } from '../transfer/receiver.ts'
import { Sender } from '../transfer/sender.ts'
import { type EndpointConfig, Transfer } from './endpoint.ts'

const CAPS = { maxTransfers: 6, maxTransfersPerAddress: 4, maxHalfOpen: 3, openTimeoutMs: 20_000 }
const FINAL = new Set(['refused', 'completed', 'probed', 'failed', 'superseded'])
const ERROR = new ForesendError('ERR_TFTP_DISK_FULL', 'no room', { fault: 'local', wireCode: 3 })

const REAL: Partial<EndpointConfig> = {
  createSender: (config, policy, sink) => new Sender(config, policy, sink),
  createReceiver: (config, sink) => new Receiver(config, sink),
}

const anyPeer = fc
  .record({
    port: fc.integer({ min: 0, max: 4 }),
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fe80::1%eth0'),
    near: fc.boolean(),
  })
  .map(({ port, address, near }) => ({ ...peer(port === 0 ? 0 : 2000 + port, address), near }))
const anyOption: fc.Arbitrary<Option> = fc.record({
  name: fc.constantFrom('blksize', 'windowsize', 'timeout', 'timeoutms', 'tsize', 'rollover', 'nonsense'),
  value: fc.constantFrom('0', '1', '2', '8', '1428', '99999999999999999999', 'x'),
})
const anyRequest: fc.Arbitrary<Request> = fc.record({
  opcode: fc.constantFrom(1 as const, 2 as const),
  filename: fc.constantFrom('a', 'b', '/c'),
  mode: fc.constantFrom('octet' as const, 'netascii' as const, 'mail' as const),
  options: fc.uniqueArray(anyOption, { maxLength: 4, selector: (option) => option.name }),
})
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  // DATA, ACK, ERROR and OACK that may well make sense.
  fc
    .tuple(
      fc.integer({ min: 3, max: 6 }),
      fc.constantFrom(0, 1, 2, 3, 8, LAST_BLOCK, 65535),
      fc.constantFrom(0, 1, 8, 512),
    )
    .map(([opcode, block, length]) => Uint8Array.of(0, opcode, block >> 8, block & 255, ...new Uint8Array(length))),
)
const which = fc.oneof(fc.constant(0), fc.nat({ max: 2 }), fc.nat({ max: 7 }))
const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('request' as const), from: anyPeer, request: anyRequest }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('noise' as const), from: anyPeer, bytes: anyBytes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stray' as const), from: anyPeer, bytes: anyBytes }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('accept' as const), which, sizeBytes: fc.nat({ max: 3000 }) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('datagram' as const), which, bytes: anyBytes }) },
  // What a good client says next; `last` makes it the final block of an upload.
  { weight: 25, arbitrary: fc.record({ do: fc.constant('proceed' as const), which, last: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.integer({ min: 1, max: 6000 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('timer' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('stored' as const), which, error: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('refuse' as const, 'abort' as const, 'unreachable' as const), which }),
  },
)
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

function play(owner: OwnerDouble, c: Command): void {
  const { endpoint, now } = owner
  // One of the last few that were opened, running or not.
  const picked = (n: number): Transfer | undefined => owner.opened[owner.opened.length - 1 - n]
  switch (c.do) {
    case 'request': {
      const packet = encodeRequest(c.request)
      owner.input(() => endpoint.handleRequest(now, c.from, packet, 0, packet.length))
      break
    }
    case 'noise':
      owner.input(() => endpoint.handleRequest(now, c.from, c.bytes, 0, c.bytes.length))
      break
    case 'stray':
      endpoint.handleStray(now, c.bytes, 0, c.bytes.length)
      break
    case 'wait':
      owner.passTo(now + c.ms)
      break
    case 'timer':
      owner.timer()
      break
    default: {
      const transfer = picked(c.which)
      if (transfer === undefined) return
      if (c.do === 'accept') {
        owner.sizeBytes = c.sizeBytes
        owner.accept(transfer)
      } else if (c.do === 'proceed') {
        const bytes = nextOfClient(owner, transfer, c.last)
        owner.input(() => endpoint.handleDatagram(now, transfer, bytes, 0, bytes.length))
      } else if (c.do === 'datagram')
        owner.input(() => endpoint.handleDatagram(now, transfer, c.bytes, 0, c.bytes.length))
      else if (c.do === 'stored') owner.input(() => endpoint.handleStored(now, transfer, c.error ? ERROR : undefined))
      else if (c.do === 'refuse') owner.input(() => endpoint.refuse(now, transfer, ERROR))
      else if (c.do === 'abort') owner.input(() => endpoint.abort(now, transfer, ERROR))
      else owner.input(() => endpoint.handleUnreachable(now, transfer))
    }
  }
}

/** What an owner does within a call of the endpoint. Only `sendBlocks` and `store` may throw. */
const reaction = fc.oneof(
  { weight: 12, arbitrary: fc.constant('nothing' as const) },
  {
    weight: 8,
    arbitrary: fc.constantFrom('accept', 'abort', 'refuse', 'unreachable', 'stored', 'broken', 'throw'),
  },
)
type Reaction = typeof reaction extends fc.Arbitrary<infer T> ? T : never
const CALLS = ['open', 'sendBlocks', 'sendControl', 'store', 'finish', 'event', 'close'] as const
/** A reaction that brings calls with reactions of their own. */
const MOST_DEEP = 3

/** Lets `owner` call the endpoint back from within its calls, by `reactions` over and over. */
function meddle(owner: OwnerDouble, reactions: readonly Reaction[]): void {
  let [next, depth] = [0, 0]
  for (const name of CALLS) {
    const call = owner[name].bind(owner) as (...args: unknown[]) => void
    owner[name] = (...args: unknown[]): void => {
      call(...args)
      const what = reactions[next++ % reactions.length]
      if (what === 'throw' && (name === 'sendBlocks' || name === 'store')) throw ERROR
      const transfer = args.find((argument) => argument instanceof Transfer)
      if (transfer === undefined || depth === MOST_DEEP) return
      depth++
      try {
        react(owner, what, transfer)
      } finally {
        depth--
      }
    }
  }
}

function react({ endpoint, now, sizeBytes }: OwnerDouble, what: Reaction, transfer: Transfer): void {
  if (what === 'abort') endpoint.abort(now, transfer, ERROR)
  else if (what === 'refuse') endpoint.refuse(now, transfer, ERROR)
  else if (what === 'unreachable') endpoint.handleUnreachable(now, transfer)
  else if (what === 'stored') endpoint.handleStored(now, transfer)
  else if (what === 'broken') endpoint.handleStored(now, transfer, ERROR)
  else if (what === 'accept' && transfer.direction === 'read') endpoint.acceptRead(now, transfer, sizeBytes)
  else if (what === 'accept') endpoint.acceptWrite(now, transfer)
}

function nextOfClient(owner: OwnerDouble, transfer: Transfer, last: boolean): Uint8Array {
  const reached = owner.reached.get(transfer) ?? 0
  if (transfer.direction === 'read') return Uint8Array.of(0, 4, 0, reached)
  const next = reached + 1
  return Uint8Array.of(0, 3, 0, next, ...new Uint8Array(last ? 5 : (transfer.agreed?.blksize ?? 512)))
}

function checkCaps(owner: OwnerDouble): void {
  const { endpoint } = owner
  expect(endpoint.size).toBeLessThanOrEqual(CAPS.maxTransfers)
  expect(endpoint.halfOpen).toBeLessThanOrEqual(CAPS.maxHalfOpen)
  const perAddress = new Map<string, number>()
  for (const { peer } of endpoint.transfers()) perAddress.set(peer.address, (perAddress.get(peer.address) ?? 0) + 1)
  expect(Math.max(0, ...perAddress.values())).toBeLessThanOrEqual(CAPS.maxTransfersPerAddress)
  expect([...endpoint.transfers()].length).toBe(endpoint.size)
}

function checkHistory(owner: OwnerDouble): void {
  const started = new Set<Transfer>()
  const final = new Map<Transfer, string>()
  for (const { kind, transfer, outcome } of owner.events) {
    expect(final.get(transfer), `${kind} of ${transfer.id} after its end`).toBeUndefined()
    expect(outcome !== undefined).toBe(FINAL.has(kind))
    expect(outcome?.error?.code).not.toBe('ERR_TFTP_INTERNAL')
    if (FINAL.has(kind)) final.set(transfer, kind)
    if (kind === 'requested') started.add(transfer)
  }
  for (const transfer of started) expect(final.has(transfer), `${transfer.id} has an end`).toBe(true)
  expect(new Set(owner.closed).size).toBe(owner.closed.length)
  expect(new Set(owner.closed)).toEqual(started)
  for (const { packet } of [...owner.replies, ...owner.controls]) expect(packet.length).toBeLessThanOrEqual(512)
}

function chaos(config: Partial<EndpointConfig>, numRuns: number, reactions = fc.constant<Reaction[]>([])): void {
  const commands = fc.array(command, { maxLength: 250, size: 'max' })
  fc.assert(
    fc.property(commands, fc.boolean(), reactions, (cs, writable, rs) => {
      const owner = new OwnerDouble({ ...CAPS, ...config, writable })
      if (rs.length > 0) meddle(owner, rs)
      for (const c of cs) {
        const answers = owner.replies.length
        play(owner, c)
        checkCaps(owner)
        if (c.do === 'request' || c.do === 'noise') expect(owner.replies.length - answers).toBeLessThanOrEqual(1)
      }
      for (const transfer of owner.finished) owner.input(() => owner.endpoint.handleStored(owner.now, transfer))
      owner.passTo(owner.now + 3_600_000)
      expect(owner.endpoint.size).toBe(0)
      expect(owner.endpoint.halfOpen).toBe(0)
      expect(owner.deadlineAt).toBe(Infinity)
      checkHistory(owner)
    }),
    { numRuns },
  )
}

test('whatever comes in whatever order, with machines that do the least: caps hold, all end, each once', () => {
  chaos({}, 300)
})

test('the same with the real sender and receiver', () => {
  chaos(REAL, 300)
})

test.each([
  ['machines that do the least', {}],
  ['the real sender and receiver', REAL],
] as const)('the same with %s and an owner that calls back within every call', (_name, config) => {
  chaos(config, 300, fc.array(reaction, { minLength: 1, maxLength: 12 }))
})
