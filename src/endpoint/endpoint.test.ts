import { describe, expect, test } from 'vitest'
import { LAST_BLOCK, MachineDouble, OwnerDouble, peer } from '../../test/double/endpoint.ts'
import { ForesendError } from '../error.ts'
import { encodeRequest, OPCODE, WIRE_ERROR } from '../packet/index.ts'
import { Sender } from '../transfer/sender.ts'
import type { SenderConfig } from '../transfer/sender-state.ts'
import { readTrace, type TraceEntry } from '../transfer/trace.ts'
import { eventOf, type Transfer } from './endpoint.ts'

const DISK_FULL = new ForesendError('ERR_TFTP_DISK_FULL', 'no room', { fault: 'local', wireCode: WIRE_ERROR.diskFull })
const NOT_FOUND = new ForesendError('ERR_TFTP_NOT_FOUND', 'no such file', {
  fault: 'content',
  wireCode: WIRE_ERROR.notFound,
})

describe('the owner', () => {
  test('refuses: one ERROR, from the TID when there is one', () => {
    const owner = new OwnerDouble()
    owner.request(peer(1))
    expect(owner.input(() => owner.endpoint.refuse(0, owner.transfer, NOT_FOUND))).toEqual([
      'reply error 1',
      'event:refused 1',
      'close 1',
    ])
    owner.request(peer(2))
    owner.transfer.io = 'a socket'
    expect(owner.input(() => owner.endpoint.refuse(0, owner.transfer, NOT_FOUND))).toEqual([
      'error 2 1',
      'event:refused 2',
      'close 2',
    ])
  })

  test('may accept within open and report within finish', () => {
    const owner = new OwnerDouble()
    owner.onOpen = (transfer) => owner.endpoint.acceptWrite(owner.now, transfer)
    owner.onFinish = (transfer) => owner.endpoint.handleStored(owner.now, transfer)
    expect(owner.request(peer(1), 'log', OPCODE.wrq)).toEqual(['event:requested 1', 'open 1', 'control 1'])
    expect(owner.answer(owner.transfer, LAST_BLOCK)).toEqual([
      'event:started 1',
      'store 1',
      'finish 1',
      'control 1',
      'event:completed 1',
    ])
  })

  test('is told that it came too late', () => {
    const owner = new OwnerDouble({ openTimeoutMs: 2000 })
    owner.request(peer(1))
    owner.passTo(2000)
    expect(owner.kinds(owner.transfer)).toEqual(['requested', 'failed'])
    expect(owner.accept(owner.transfer)).toBe(false)
    expect(owner.input(() => owner.endpoint.refuse(0, owner.transfer, NOT_FOUND))).toEqual([])
  })

  test('may abort while the machine is at work: nothing more is sent or stored, then the ERROR', () => {
    const owner = new OwnerDouble()
    owner.request(peer(1), 'log', OPCODE.wrq)
    owner.accept(owner.transfer)
    owner.onStore = (transfer) => owner.endpoint.abort(owner.now, transfer, DISK_FULL)
    expect(owner.answer(owner.transfer, LAST_BLOCK)).toEqual([
      'event:started 1',
      'store 1',
      'error 1 3',
      'event:failed 1',
      'close 1',
    ])
  })

  test('may end it while its outputs are carried out: the last event comes before the close', () => {
    const owner = new OwnerDouble()
    owner.request(peer(1))
    owner.accept(owner.transfer)
    owner.onSendBlocks = (transfer) => owner.endpoint.handleUnreachable(owner.now, transfer)
    expect(owner.answer(owner.transfer)).toEqual(['event:started 1', 'blocks 1 1+1', 'event:failed 1', 'close 1'])
  })

  test('is not called by a machine at work, and no input runs inside another', () => {
    class Meddler extends MachineDouble {
      override handleTimer(now: number): void {
        owner.endpoint.handleUnreachable(now, owner.opened[1])
      }
    }
    const owner = new OwnerDouble({ createSender: (_config, _policy, transfer) => new Meddler(transfer, false) })
    for (const port of [1, 2]) {
      owner.request(peer(port))
      owner.accept(owner.transfer)
    }
    owner.endpoint.handleTimer(1000)
    expect(owner.kinds(owner.opened[0])).toEqual(['requested', 'failed'])
    expect(owner.events.at(-1)?.outcome?.error?.message).toContain('inside another')
    expect(owner.kinds(owner.opened[1])).not.toContain('started')
  })

  test('hands in no datagram, request or timer within a call', () => {
    const owner = new OwnerDouble()
    const packet = Uint8Array.of(0, OPCODE.ack, 0, 1)
    const inputs = [
      (transfer: Transfer) => owner.endpoint.handleDatagram(0, transfer, packet, 0, packet.length),
      () => owner.endpoint.handleRequest(0, peer(9), packet, 0, packet.length),
      () => owner.endpoint.handleTimer(0),
    ]
    for (const [i, input] of inputs.entries()) {
      owner.request(peer(i + 1))
      owner.accept(owner.transfer)
      owner.onSendBlocks = input
      owner.answer(owner.transfer)
      owner.onSendBlocks = () => {}
      expect(owner.kinds(owner.transfer).at(-1)).toBe('failed')
      expect(owner.events.at(-1)?.outcome?.error?.message).toContain('within another input')
    }
  })

  test('may throw: that transfer fails with its code, the others go on', () => {
    const owner = new OwnerDouble()
    owner.request(peer(1))
    owner.transfer.io = 'a socket'
    owner.accept(owner.transfer)
    owner.request(peer(2), 'other')
    owner.accept(owner.transfer)
    owner.onSendBlocks = () => {
      throw DISK_FULL
    }
    expect(owner.answer(owner.opened[0])).toEqual([
      'event:started 1',
      'blocks 1 1+1',
      'error 1 3',
      'event:failed 1',
      'close 1',
    ])
    expect(owner.events.at(-1)?.outcome?.error).toBe(DISK_FULL)
    owner.onSendBlocks = () => {}
    expect(owner.answer(owner.opened[1])).toEqual(['event:started 2', 'blocks 2 1+1'])
  })

  test('a defect in a machine is an ERR_TFTP_INTERNAL of its transfer', () => {
    class Broken extends MachineDouble {
      override handleTimer(): void {
        throw new TypeError('oops')
      }
    }
    const owner = new OwnerDouble({ createSender: (_config, _policy, transfer) => new Broken(transfer, false) })
    owner.request(peer(1))
    owner.accept(owner.transfer)
    owner.passTo(1000)
    expect(owner.kinds(owner.transfer)).toEqual(['requested', 'failed'])
    expect(owner.events.at(-1)?.outcome?.error?.code).toBe('ERR_TFTP_INTERNAL')
    expect(owner.endpoint.size).toBe(0)
  })

  test('a machine that is never content with the time does not stop the clock', () => {
    class Restless extends MachineDouble {
      override handleTimer(now: number): void {
        owner.transfer.deadline(now)
      }
    }
    const owner = new OwnerDouble({ createSender: (_config, _policy, transfer) => new Restless(transfer, false) })
    owner.request(peer(1))
    owner.accept(owner.transfer)
    owner.passTo(1001)
    expect(owner.now).toBe(1001)
  })

  test('aborts all: the opening, the running and those that only stay', () => {
    const owner = new OwnerDouble()
    owner.request(peer(1), 'opening')
    owner.request(peer(2), 'running')
    owner.accept(owner.transfer)
    owner.request(peer(3), 'done', OPCODE.wrq)
    owner.accept(owner.transfer)
    owner.onFinish = (transfer) => owner.endpoint.handleStored(owner.now, transfer)
    owner.answer(owner.transfer, LAST_BLOCK)
    const error = new ForesendError('ERR_TFTP_ABORTED', 'stopping', { fault: 'local' })
    const log = owner.input(() => owner.endpoint.abortAll(0, error))
    expect(log).toEqual([
      'reply error 0',
      'event:failed 1',
      'close 1',
      'error 2 0',
      'event:failed 2',
      'close 2',
      'close 3',
    ])
    expect(owner.endpoint.size).toBe(0)
    expect(owner.deadlineAt).toBe(Infinity)
  })

  test('a datagram that belongs to no transfer gets ERROR 5, an ERROR and noise get nothing', () => {
    const { endpoint } = new OwnerDouble()
    const stray = (...bytes: number[]) => endpoint.handleStray(0, Uint8Array.from(bytes), 0, bytes.length)
    const unknownTid = Uint8Array.from([0, 5, 0, 5, ...new TextEncoder().encode('Unknown transfer ID'), 0])
    expect(stray(0, 4, 0, 1)).toEqual(unknownTid)
    expect(stray(0, 3, 0, 1, 65)).toEqual(unknownTid)
    expect(stray(0, 5, 0, 0, 0)).toBeUndefined()
    expect(stray(0, 4)).toBeUndefined()
    expect(stray()).toBeUndefined()
    expect(stray(0, 99, 0, 0)).toBeUndefined()
    expect(endpoint.counts.ignored).toBe(6)
  })

  test('a flood of such datagrams gets a hundred answers a second', () => {
    const { endpoint } = new OwnerDouble()
    const ack = Uint8Array.of(0, 4, 0, 1)
    let answers = 0
    for (let i = 0; i < 10_000; i++) if (endpoint.handleStray(i / 10, ack, 0, 4) !== undefined) answers++
    expect(answers).toBeGreaterThanOrEqual(150)
    expect(answers).toBeLessThanOrEqual(200)
  })
})

describe('events', () => {
  test('progress comes once a second at most, and only when something moved', () => {
    const owner = new OwnerDouble()
    owner.request(peer(1))
    owner.accept(owner.transfer)
    for (let i = 0; i < 500; i++) {
      owner.now = i * 10
      owner.answer(owner.transfer)
    }
    owner.passTo(8000)
    // At 1, 2, 3 and 4 s, and once more by the machine's own timer for what came after that.
    expect(owner.events.filter((e) => e.kind === 'progress').length).toBe(5)
  })

  test('describe tells all but the time and the checksum', () => {
    const owner = new OwnerDouble()
    owner.request({ ...peer(2070), address: 'fe80::1%eth0' }, 'image', OPCODE.rrq, [{ name: 'blksize', value: '1428' }])
    const { transfer } = owner
    expect(eventOf('progress', 0, transfer, 5)).toEqual({
      event: 'progress',
      time: 0,
      id: 1,
      client: '[fe80::1%eth0]:2070',
      file: 'image',
      direction: 'read',
      bytes: 0,
      blocks: 0,
      datagrams: 0,
      retransmitted: 0,
      window: 1,
      ms: 5,
      rateBytesPerSec: 0,
    })
    owner.accept(transfer)
    owner.answer(transfer)
    owner.now = 100
    owner.answer(transfer, LAST_BLOCK)
    expect(eventOf('progress', 0, transfer, 9999)).toMatchObject({
      sizeBytes: 1e6,
      blksize: 1428,
      bytes: 1024,
      blocks: 2,
      ms: 100,
      rateBytesPerSec: 10240,
    })
    expect(eventOf('progress', 0, transfer, 9999)).not.toHaveProperty('code')
  })

  test('a failure has its code and cause', () => {
    const owner = new OwnerDouble()
    owner.request(peer(1))
    owner.input(() => owner.endpoint.refuse(0, owner.transfer, NOT_FOUND))
    expect(eventOf('progress', 0, owner.transfer, 0)).toMatchObject({
      code: 'ERR_TFTP_NOT_FOUND',
      reason: 'no such file',
    })
  })
})

describe('what the machines are made with', () => {
  test('a read', () => {
    let seen: unknown
    const owner = new OwnerDouble({
      createSender: (config, _policy, transfer) => {
        seen = config
        return new MachineDouble(transfer, false)
      },
    })
    owner.request(peer(1), 'a\tb', OPCODE.rrq, [
      { name: 'tsize', value: '0' },
      { name: 'timeout', value: '2' },
    ])
    owner.accept(owner.transfer)
    expect(seen).toMatchObject({
      sizeBytes: 1e6,
      blksize: 512,
      rollover: 0,
      near: true,
      clientTimeoutMs: 2000,
      addressValidated: false,
    })
    expect(String((seen as SenderConfig).label)).toBe('a\\x09b to 10.0.0.1:1')
    expect((seen as { oack: Uint8Array }).oack).toEqual(
      Uint8Array.from(Buffer.from('\x00\x06tsize\x001000000\x00timeout\x002\x00')),
    )
  })

  test('a write learns the rollover unless it was negotiated', () => {
    const seen: unknown[] = []
    const owner = new OwnerDouble({
      createReceiver: (config, transfer) => {
        seen.push(config)
        return new MachineDouble(transfer, true)
      },
    })
    owner.request(peer(1), 'a', OPCODE.wrq)
    owner.accept(owner.transfer)
    owner.request(peer(2), 'b', OPCODE.wrq, [{ name: 'rollover', value: '1' }])
    owner.accept(owner.transfer)
    expect(seen).toMatchObject([
      { rollover: 'any', oack: undefined, acknowledgeRequest: true, windowsize: 1, label: 'a from 10.0.0.1:1' },
      { rollover: 1 },
    ])
    expect(encodeRequest(owner.transfer.request).length).toBeGreaterThan(0)
  })
})

test('a timer that is due again at once does not hold up what arrives meanwhile', () => {
  let calls = 0
  const owner = new OwnerDouble({
    createSender: (_config, _policy, transfer) => {
      const machine = new MachineDouble(transfer, false)
      machine.handleTimer = (now) => {
        if (++calls < 1000) transfer.deadline(now)
      }
      return machine
    },
  })
  owner.request(peer(1))
  owner.accept(owner.transfer)
  owner.transfer.deadline(owner.now)
  owner.endpoint.handleTimer(owner.now)
  expect(calls).toBe(1)
  owner.endpoint.handleTimer(owner.now + 10)
  expect(calls).toBe(2)
})

test('a transfer keeps its last packets, and more of them once it stalled', () => {
  const owner = new OwnerDouble({ createSender: (config, policy, sink) => new Sender(config, policy, sink) })
  owner.request(peer(2000))
  const { transfer } = owner
  owner.now = 1
  owner.accept(transfer)
  owner.now = 2
  owner.answer(transfer, 1)
  expect(readTrace(owner.endpoint.traceOf(transfer))).toEqual([
    { ms: 0, sent: false, kind: 'request', number: 1 },
    { ms: 1, sent: true, kind: 'data', number: 1 },
    { ms: 2, sent: false, kind: 'ack', number: 1 },
    { ms: 2, sent: true, kind: 'data', number: 2 },
  ])
  owner.passTo(20_000)
  expect(owner.kinds(transfer)).toContain('stalled')
  for (let block = 2; block < 40; block++) {
    owner.answer(transfer, block)
    owner.passTo(owner.now + 30)
  }
  expect(readTrace(owner.endpoint.traceOf(transfer)).length).toBeGreaterThan(64)
  owner.input(() =>
    owner.endpoint.abort(owner.now, transfer, new ForesendError('ERR_TFTP_ABORTED', 'x', { fault: 'local' })),
  )
  expect(owner.endpoint.traceOf(transfer)).toHaveLength(0)
})

test('the trace shows repeats of the request and the ERROR of a refusal, and is there in the last event', () => {
  const owner = new OwnerDouble()
  const traces: TraceEntry[][] = []
  const tell = owner.event.bind(owner)
  owner.event = (kind, transfer, outcome) => {
    if (kind === 'refused') traces.push(readTrace(owner.endpoint.traceOf(transfer)))
    tell(kind, transfer, outcome)
  }
  owner.request(peer(1))
  owner.now = 3
  owner.request(peer(1))
  owner.now = 4
  owner.input(() => owner.endpoint.refuse(4, owner.transfer, NOT_FOUND))
  expect(traces).toEqual([
    [
      { ms: 0, sent: false, kind: 'request', number: 1 },
      { ms: 3, sent: false, kind: 'request', number: 1 },
      { ms: 4, sent: true, kind: 'error', number: 1 },
    ],
  ])
})
