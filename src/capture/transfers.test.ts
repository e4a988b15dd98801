import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { join, packet } from '../../test/golden/capture-maker.ts'
import { blocks, CLIENT, lines, readAll, Scene, SERVER } from '../../test/golden/capture-scene.ts'
import { MAX_BLOCKS } from './contract.ts'

const { rrq, wrq, data, ack, error, oack } = packet
const UBOOT = rrq('test.bin', 'timeout', '1')

describe('a read', () => {
  test('in lock-step, complete', () => {
    const scene = new Scene().ask(UBOOT)
    blocks(scene, 1, 3).server(data(4, 10), { afterMs: 5 }).client(ack(4))
    const t = scene.one()
    expect(t).toMatchObject({
      source: 'capture',
      id: 1,
      startMs: 1_700_000_000_000.1,
      client: { address: CLIENT.address, port: 2070, mac: CLIENT.mac },
      server: { address: SERVER.address, port: 40_000, mac: SERVER.mac },
      rolesFrom: 'request',
      direction: 'read',
      request: {
        kind: 'rrq',
        filename: 'test.bin',
        mode: 'octet',
        options: [{ name: 'timeout', value: '1' }],
        toAddress: SERVER.address,
        toPort: 69,
        count: 1,
        sent: [{ number: 1, timeMs: 0 }],
      },
      agreed: { blksize: 512, blksizeFrom: 'default', windowsize: 1, rollover: undefined },
      blocks: { first: 1, highest: 4, final: 4, sent: 4, datagrams: 4, acknowledged: 4, acks: 4, bytes: 3 * 512 + 10 },
      outcome: { type: 'complete' },
      fromClient: 5,
      fromServer: 4,
      followedUntil: 'capture-end',
      link: { type: 'ethernet', vlans: [] },
    })
    expect(lines(t).slice(0, 3)).toEqual(['c rrq', 's data 1 (512)', 'c ack 1'])
    const { packets } = t
    expect([packets.number(8), packets.timeMs(8), packets.frameBytes(2)]).toEqual([9, expect.closeTo(5.7, 3), 60])
  })

  test('with options: what was agreed stands in the OACK', () => {
    const asked = ['tsize', '0', 'blksize', '1468', 'windowsize', '4', 'timeout', '5']
    const t = new Scene()
      .ask(rrq('grub', ...asked))
      .server(oack('tsize', '3000', 'blksize', '1468', 'windowsize', '4', 'timeout', '5'))
      .client(ack(0))
      .server(data(1, 1468))
      .server(data(2, 1468))
      .server(data(3, 64))
      .client(ack(3))
      .one()
    expect(t.agreed).toMatchObject({
      blksize: 1468,
      blksizeFrom: 'oack',
      windowsize: 4,
      timeoutMs: 5000,
      tsizeBytes: 3000,
    })
    expect(t.blocks).toMatchObject({
      acknowledged: 1,
      neverAcknowledged: { count: 2, ranges: [{ first: 1, last: 2 }] },
    })
    expect(t.outcome.type).toBe('complete')
  })

  test('with a hole in its acknowledgements', () => {
    const scene = new Scene().ask(UBOOT)
    blocks(scene, 1, 2).server(data(3, 512)).server(data(4, 512)).client(ack(4))
    blocks(scene, 5, 5).server(data(6, 0)).client(ack(6))
    expect(scene.one().blocks.neverAcknowledged).toEqual({ count: 1, ranges: [{ first: 3, last: 3 }] })
  })

  test('with DATA that the capture misses', () => {
    const scene = new Scene().ask(UBOOT)
    blocks(scene, 1, 2).client(ack(3))
    blocks(scene, 4, 5).server(data(6, 0)).client(ack(6))
    expect(scene.one().blocks).toMatchObject({ neverSeen: { count: 1, ranges: [{ first: 3, last: 3 }] }, sent: 5 })
  })

  test('whose first blocks the capture misses', () => {
    const scene = blocks(new Scene().ask(UBOOT), 3, 5)
    expect(scene.one().blocks).toMatchObject({ first: 3, neverSeen: { count: 2, ranges: [{ first: 1, last: 2 }] } })
  })

  test('whose last ACK is missing', () => {
    const scene = new Scene().ask(UBOOT)
    blocks(scene, 1, 2).server(data(3, 5)).server(data(3, 5), { afterMs: 1000 })
    const t = scene.one()
    expect(t.outcome).toEqual({ type: 'last-ack-missing', atMs: t.endMs })
    expect(lines(t).at(-1)).toBe('s data 3 (5) repeat')
  })

  test('that stops in the middle', () => {
    const scene = new Scene().ask(UBOOT)
    const t = blocks(scene, 1, 2).server(data(3, 512)).wait(90_000).arp(1, SERVER, CLIENT).one()
    expect(t).toMatchObject({ outcome: { type: 'silent', atMs: t.endMs }, followedUntil: 'capture-end' })
    expect(t.quietMs).toBeCloseTo(90_000.1, 1)
  })

  test('that ends with an ERROR of either side', () => {
    const scene = () => blocks(new Scene().ask(UBOOT), 1, 2)
    expect(scene().client(error(0, 'Retry count exceeded')).one().outcome).toMatchObject({
      type: 'error',
      from: 'client',
      wireCode: 0,
      message: 'Retry count exceeded',
      number: 6,
    })
    expect(scene().server(error(3, 'no space')).one().outcome).toMatchObject({
      type: 'error',
      from: 'server',
      wireCode: 3,
    })
  })

  test('that goes on behind an ERROR of the client (lwIP refuses a block ahead)', () => {
    const scene = blocks(new Scene().ask(UBOOT), 1, 2).server(data(4, 512)).client(error(5, 'Wrong block number'))
    blocks(scene, 3, 4).server(data(5, 1)).client(ack(5))
    expect(scene.one().outcome.type).toBe('complete')
  })

  test('refused on port 69 itself', () => {
    const t = new Scene().ask(UBOOT).server(error(1, 'File not found'), { serverPort: 69 }).one()
    expect(t).toMatchObject({
      server: { port: 69 },
      outcome: { type: 'error', wireCode: 1 },
      agreed: { blksizeFrom: 'default' },
    })
  })

  test('on a single port', () => {
    const scene = new Scene({ serverPort: 69 }).ask(UBOOT)
    expect(blocks(scene, 1, 2).server(data(3, 0)).client(ack(3)).one()).toMatchObject({
      server: { port: 69 },
      outcome: { type: 'complete' },
    })
  })

  test('on another port than 69', () => {
    const scene = new Scene().client(UBOOT, { serverPort: 6969 })
    expect(blocks(scene, 1, 1).one()).toMatchObject({ request: { toPort: 6969 }, blocks: { acknowledged: 1 } })
  })

  test('answered from another address than the one asked', () => {
    const other = { ...SERVER, address: '192.168.0.100' }
    const scene = new Scene({ server: other }).ask(UBOOT, { server: SERVER })
    const t = blocks(scene, 1, 2).one()
    expect(t.request?.toAddress).toBe(SERVER.address)
    expect(t.server).toMatchObject({ address: other.address, port: 40_000 })
    expect(t.fromClient).toBe(3)
  })

  test('never answered, and what ICMP says to it', () => {
    const scene = new Scene().ask(UBOOT)
    const quote = scene.quote(true, UBOOT, { serverPort: 69 })
    const t = scene.icmp(3, 3, quote, SERVER, CLIENT).ask(UBOOT, { afterMs: 1000 }).ask(UBOOT, { afterMs: 1000 }).one()
    expect(t.request?.count).toBe(3)
    expect(t.outcome).toEqual({ type: 'unanswered', atMs: expect.closeTo(2000.1, 3) })
    expect(t.sideEvents).toMatchObject([
      { type: 'icmp', meaning: 'port-unreachable', about: 'client', from: SERVER.address, number: 2 },
    ])
    expect(lines(t)).toEqual(['c rrq', 'c rrq repeat', 'c rrq repeat'])
  })

  test('without answers seen: only the client was captured', () => {
    const scene = new Scene().ask(UBOOT)
    for (let n = 1; n <= 3; n++) scene.client(ack(n))
    expect(scene.one()).toMatchObject({
      server: { port: 40_000 },
      fromServer: 0,
      fromClient: 4,
      outcome: { type: 'silent' },
      blocks: { sent: 0, acknowledged: 3 },
    })
  })

  test('asked with rubbish', () => {
    const t = new Scene().ask(packet.rrq('x').subarray(0, 8)).one()
    expect(t.request).toMatchObject({ filename: 'x', mode: '', malformed: 'the mode has no end' })
  })
})

describe('a write', () => {
  test('goes the other way', () => {
    const t = new Scene()
      .ask(wrq('config', 'tsize', '700'))
      .server(ack(0))
      .client(data(1, 512))
      .server(ack(1))
      .client(data(2, 188))
      .server(ack(2))
      .one()
    expect(t).toMatchObject({
      direction: 'write',
      outcome: { type: 'complete' },
      agreed: { tsizeBytes: 700, blksize: 512 },
      blocks: { bytes: 700, neverAcknowledged: { count: 0 } },
    })
  })
})

describe('requests', () => {
  test('the same again from the same port repeat the transfer, without options too', () => {
    const t = new Scene()
      .ask(rrq('a', 'blksize', '1468'))
      .server(oack('blksize', '1468'))
      .ask(rrq('a'), { afterMs: 1000 })
      .server(data(1, 100))
      .client(ack(1))
      .one()
    expect(t.request?.sent).toEqual([
      { number: 1, timeMs: 0, options: undefined },
      { number: 3, timeMs: expect.closeTo(1000.1, 3), options: [] },
    ])
  })

  test('from the same port are another transfer once the client went on, or for another file', () => {
    const scene = blocks(new Scene().ask(UBOOT), 1, 3).wait(5000).ask(UBOOT)
    blocks(scene, 1, 1).ask(rrq('other'))
    const { transfers } = scene.read()
    expect(transfers.map((t) => [t.id, t.request?.filename, t.blocks.sent, t.followedUntil])).toEqual([
      [1, 'test.bin', 3, 'replaced'],
      [2, 'test.bin', 1, 'replaced'],
      [3, 'other', 0, 'capture-end'],
    ])
    expect(transfers.map((t) => t.previousAttempt)).toEqual([undefined, 1, undefined])
    expect(transfers[0].quietMs).toBeCloseTo(5000.1, 1)
  })

  test('are kept up to a bound, those with other options up to a lower one', () => {
    const scene = new Scene()
    for (let i = 0; i < 100; i++) scene.ask(rrq('a', 'blksize', String(i < 50 ? 512 : 512 + i)), { afterMs: 1000 })
    expect(scene.one().request).toMatchObject({ count: 100, sent: { length: 58 } })
    for (let i = 0; i < 50; i++) scene.ask(rrq('a', 'blksize', '512'), { afterMs: 1000 })
    expect(scene.one().request).toMatchObject({ count: 150, sent: { length: 64 } })
  })

  test('that the network doubled are no new transfer', () => {
    const scene = blocks(new Scene().ask(UBOOT), 1, 2).ask(UBOOT)
    blocks(scene, 3, 4)
    expect(scene.one()).toMatchObject({ request: { count: 2 }, blocks: { sent: 4 } })
  })

  test('from a new port are the next attempt of the device', () => {
    const scene = blocks(new Scene().ask(UBOOT), 1, 3).wait(11_000).ask(UBOOT, { clientPort: 3000 })
    const { transfers } = scene.read()
    expect(transfers.map((t) => [t.client.port, t.previousAttempt])).toEqual([
      [2070, undefined],
      [3000, 1],
    ])
  })

  test('of EDK2: a size probe, then the file', () => {
    const scene = new Scene()
      .ask(rrq('grub', 'tsize', '0', 'blksize', '1468', 'windowsize', '4'))
      .server(oack('tsize', '3000', 'blksize', '1468', 'windowsize', '4'))
      .client(error(8, 'User aborted the transfer'))
      .ask(rrq('grub', 'blksize', '1468'), { clientPort: 3000 })
      .server(oack('blksize', '1468'), { clientPort: 3000, serverPort: 40_001 })
    const { transfers } = scene.read()
    expect(transfers.map((t) => [t.outcome.type, t.previousAttempt])).toEqual([
      ['probe', undefined],
      ['silent', 1],
    ])
  })

  test('whose OACK has what was not asked for: ERROR 8 is no probe', () => {
    const t = new Scene()
      .ask(rrq('a', 'tsize', '0'))
      .server(oack('tsize', '3000', 'blksize', '1468'))
      .client(error(8, 'bad option'))
      .one()
    expect(t.outcome.type).toBe('error')
  })
})

describe('several transfers', () => {
  test('at once, of several clients and of one behind NAT', () => {
    const scene = new Scene()
    const second = { ...CLIENT, address: '192.168.0.9' }
    const pairs = [{}, { clientPort: 2071, serverPort: 40_001 }, { client: second, serverPort: 40_002 }]
    for (const options of pairs) scene.ask(UBOOT, options)
    for (let n = 1; n <= 3; n++) {
      for (const options of pairs) scene.server(data(n, n === 3 ? 0 : 512), options)
      for (const options of pairs) scene.client(ack(n), options)
    }
    const { transfers, summary } = scene.read()
    expect(transfers.map((t) => [t.client.address, t.client.port, t.outcome.type, t.previousAttempt])).toEqual([
      ['192.168.0.1', 2070, 'complete', undefined],
      ['192.168.0.1', 2071, 'complete', undefined],
      ['192.168.0.9', 2070, 'complete', undefined],
    ])
    expect(summary).toMatchObject({ transfers: 3, tftpDatagrams: 21, udpDatagrams: 21, evicted: 0 })
  })

  test('a second answer is noted, and the client keeps to the first', () => {
    const scene = new Scene().ask(UBOOT).ask(UBOOT, { afterMs: 1000 })
    scene.server(data(1, 512)).server(data(1, 512), { serverPort: 40_001 }).client(ack(1))
    scene.client(error(5, 'Unknown transfer ID'), { serverPort: 40_001 }).server(data(2, 5)).client(ack(2))
    const t = scene.one()
    expect(t.outcome.type).toBe('complete')
    expect(t.sideEvents).toMatchObject([
      { type: 'other-server', port: 40_001, kind: 'data', block: 1, number: 4 },
      { type: 'to-other-server', port: 40_001, kind: 'error', block: 5 },
    ])
  })

  test('each repeated request is answered from a port of its own, and the client says nothing', () => {
    const scene = new Scene()
    for (const port of [40_000, 40_001, 40_002]) {
      scene.ask(UBOOT, { afterMs: 1000 })
      for (let i = 0; i < 2; i++) scene.server(data(1, 512), { serverPort: port, afterMs: 300 })
    }
    const t = scene.one()
    expect(t.blocks).toMatchObject({ datagrams: 6, sent: 1, acks: 0 })
    expect(t.sideEvents.map((e) => 'port' in e && e.port)).toEqual([40_001, 40_002])
    expect(t.server.port).toBe(40_000)
  })

  test('of two servers that answer, the client takes the second', () => {
    const other = { ...SERVER, address: '192.168.0.67' }
    const scene = new Scene().ask(UBOOT, { server: { ...SERVER, address: '192.168.0.255' } })
    scene.server(data(1, 5)).server(data(1, 5), { server: other }).client(ack(1), { server: other })
    expect(scene.one()).toMatchObject({ server: { address: other.address }, request: { toAddress: '192.168.0.255' } })
  })
})

describe('without its request', () => {
  test('a transfer is found by DATA and ACKs between two ports', () => {
    const t = blocks(new Scene(), 300, 320).server(data(321, 7)).client(ack(321)).one()
    expect(t).toMatchObject({
      rolesFrom: 'assumed',
      direction: 'read',
      request: undefined,
      client: { port: 2070 },
      server: { port: 40_000 },
      agreed: { blksize: 512, blksizeFrom: 'inferred' },
      blocks: { first: 300, highest: 321, final: 321, sent: 22, acknowledged: 22 },
      outcome: { type: 'complete' },
    })
    expect(t.packets.length).toBe(44)
  })

  test('one that begins with an ACK, an OACK, or on port 69', () => {
    const ackFirst = new Scene().client(ack(7))
    expect(blocks(ackFirst, 8, 12).one()).toMatchObject({ client: { port: 2070 }, fromClient: 6 })
    const oackFirst = new Scene().server(oack('blksize', '1024')).client(ack(0)).server(data(1, 1024)).client(ack(1))
    expect(oackFirst.one().agreed).toMatchObject({ blksize: 1024, blksizeFrom: 'oack' })
    const onPort69 = new Scene({ serverPort: 69 }).client(data(9, 512)).server(ack(9))
    expect(onPort69.one()).toMatchObject({ rolesFrom: 'port-69', direction: 'write', server: { port: 69 } })
  })

  test('one whose DATA alone, or whose ACKs alone, were captured', () => {
    const [sent, acked] = [new Scene(), new Scene()]
    for (let n = 5; n < 15; n++) {
      sent.server(data(n, 512))
      acked.client(ack(n))
    }
    expect(sent.one()).toMatchObject({ fromClient: 0, blocks: { sent: 10, first: 5 } })
    expect(acked.one()).toMatchObject({ fromServer: 0, blocks: { acknowledged: 10, sent: 0 } })
  })

  test('other protocols are none', () => {
    const scene = new Scene()
    for (let n = 0; n < 50; n++) {
      scene.client(join([0, 3], [n, 7, 1, 2, 3, 4, n]), { clientPort: 5000 + (n % 2) })
      scene.server(join([0, 4], [7, n, 9, 9]), { clientPort: 5000 + (n % 2) })
      scene.client(Uint8Array.of(0x12, 0x34, 1, 0, 0, 1), { serverPort: 53 })
    }
    expect(scene.read()).toMatchObject({
      transfers: [],
      summary: { udpDatagrams: 150, tftpDatagrams: 0, transfers: 0 },
    })
  })
})

test('blocks beyond those that are counted one by one are not taken for acknowledged', () => {
  const scene = new Scene()
    .ask(rrq('huge', 'blksize', '8'))
    .server(oack('blksize', '8'))
    .client(ack(0))
  const last = MAX_BLOCKS + 90_000
  for (let seq = last % 30_000; seq <= last; seq += 30_000)
    scene.server(data(seq & 0xffff, seq === last ? 3 : 8)).client(ack(seq & 0xffff))
  const { blocks, outcome } = scene.one()
  expect(outcome.type).toBe('complete')
  expect(blocks).toMatchObject({ bounded: true, highestAcknowledged: last })
  expect(blocks.acknowledged + blocks.neverAcknowledged.count).toBe(last)
})

describe('rollover', () => {
  const to0 = (seq: number) => seq & 0xffff
  const to1 = (seq: number) => ((seq - 1) % 0xffff) + 1

  test.each([
    [0, to0],
    [1, to1],
  ] as const)('to %i is undone, twice over', (rollover, wire) => {
    const scene = new Scene()
      .ask(rrq('large', 'blksize', '8'))
      .server(oack('blksize', '8'))
      .client(ack(0))
    const last = 140_000
    const isNear = (seq: number) => [65_536, 131_071, last].some((wrap) => Math.abs(seq - wrap) < 40)
    const seqs = Array.from({ length: last }, (_, i) => i + 1).filter((seq) => isNear(seq) || seq % 1000 === 1)
    for (const seq of seqs) {
      scene.server(data(wire(seq), seq === last ? 3 : 8))
      if (seq !== 65_540) scene.client(ack(wire(seq)))
    }
    const t = scene.one()
    expect(t.agreed.rollover).toBe(rollover)
    expect(t.blocks).toMatchObject({
      highest: last,
      final: last,
      sent: seqs.length,
      highestAcknowledged: last,
    })
    // Neither are the blocks that are not in the capture.
    expect(t.blocks.neverAcknowledged.count).toBe(1 + last - seqs.length)
    expect(t.blocks.neverAcknowledged.ranges).toContainEqual({ first: 65_540, last: 65_540 })
    expect(t.blocks.neverSeen.count).toBe(last - seqs.length)
    const found = Array.from({ length: t.packets.length }, (_, i) => i).filter((i) => t.packets.kind(i) === 'data')
    expect(found.map((i) => t.packets.seq(i))).toEqual(seqs)
    expect(t.outcome.type).toBe('complete')
  })

  test('is not known before a block beyond was seen', () => {
    const scene = new Scene()
    for (let n = 65_530; n < 65_536; n++) scene.server(data(n, 512)).client(ack(n))
    expect(scene.one().agreed.rollover).toBeUndefined()
  })
})

describe('what happened beside it', () => {
  test('questions for either address', () => {
    const stranger = { address: '192.168.0.77', mac: '02:00:00:00:00:07' }
    const scene = blocks(new Scene().ask(UBOOT), 1, 1).arp(1, SERVER, CLIENT).arp(2, CLIENT, SERVER)
    scene.arp(1, CLIENT, SERVER).arp(1, stranger, SERVER)
    const { transfers, summary } = scene.read()
    expect(
      transfers[0].sideEvents.map((e) => [e.number, e.type, 'about' in e && e.about, 'mac' in e && e.mac]),
    ).toEqual([
      [4, 'neighbour-question', 'client', undefined],
      [5, 'neighbour-answer', 'client', CLIENT.mac],
      [6, 'neighbour-question', 'server', undefined],
    ])
    expect(summary.neighbours).toMatchObject([
      { address: CLIENT.address, questions: 1, answers: 1, askedBy: SERVER.address, number: 4 },
      { address: SERVER.address, questions: 2, answers: 0, askedBy: CLIENT.address },
    ])
  })

  test('ICMP about either side, with its code', () => {
    const scene = blocks(new Scene().ask(UBOOT), 1, 1)
    const router = { address: '10.0.0.1', mac: SERVER.mac }
    scene.icmp(3, 4, scene.quote(false, data(2, 512)), router, SERVER, 576)
    scene.icmp(3, 3, scene.quote(false, data(2, 512)), CLIENT, SERVER)
    scene.icmp(11, 1, scene.quote(false, data(2, 512)), CLIENT, SERVER)
    scene.icmp(3, 13, scene.quote(true, ack(1)), router, CLIENT)
    scene.icmp(8, 0, scene.quote(true, ack(1)), router, CLIENT)
    expect(scene.one().sideEvents.map((e) => e.type === 'icmp' && [e.meaning, e.about, e.from, e.mtuBytes])).toEqual([
      ['fragmentation-needed', 'server', '10.0.0.1', 576],
      ['port-unreachable', 'server', CLIENT.address, undefined],
      ['fragments-missing', 'server', CLIENT.address, undefined],
      ['prohibited', 'client', '10.0.0.1', undefined],
    ])
  })

  test('there is a bound to what is kept', () => {
    const scene = blocks(new Scene().ask(UBOOT), 1, 1)
    for (let i = 0; i < 300; i++) scene.arp(1, SERVER, CLIENT)
    const t = scene.one()
    expect([t.sideEvents.length, t.sideEventsDropped]).toEqual([256, 44])
  })
})

describe('the whole file', () => {
  const scene = blocks(new Scene().ask(UBOOT), 1, 8).server(data(9, 1)).client(ack(9))
  const file = scene.arp(1, SERVER, CLIENT).file()
  const told = (bytes: Uint8Array, pieceBytes?: number) => {
    const { transfers, summary } = readAll(bytes, pieceBytes)
    return { summary, transfers: transfers.map((t) => ({ ...t, packets: undefined })), lines: transfers.map(lines) }
  }

  test('is read the same in any pieces', () => {
    const whole = told(file)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), (bytes) => {
        expect(told(file, bytes)).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  test('may end at any byte', () => {
    const [whole] = told(file).lines
    for (let length = 1; length < file.length; length += 7) {
      const {
        summary,
        lines: [part = []],
      } = told(file.subarray(0, length))
      expect(part).toEqual(whole.slice(0, part.length))
      expect(summary.bytes).toBe(length)
    }
  })

  test('sums up', () => {
    expect(readAll(file).summary).toEqual({
      format: 'pcap',
      frames: 20,
      bytes: file.length,
      firstMs: 1_700_000_000_000.1,
      lastMs: 1_700_000_000_002,
      broken: undefined,
      comments: [],
      cutFrames: 0,
      droppedFrames: undefined,
      unknownLinkTypes: new Map(),
      udpDatagrams: 19,
      tftpDatagrams: 19,
      transfers: 1,
      evicted: 0,
      untimedFrames: 0,
      clockWentBack: 0,
      neighbours: [{ address: CLIENT.address, questions: 1, answers: 0, askedBy: SERVER.address, number: 20 }],
    })
  })

  test('a transfer is handed on when its capture was quiet for two minutes', () => {
    const long = blocks(new Scene().ask(UBOOT), 1, 2).wait(200_000).arp(1, SERVER, CLIENT)
    expect(long.one()).toMatchObject({ followedUntil: 'idle', outcome: { type: 'silent' } })
  })

  test('a clock that goes back ends nothing', () => {
    const back = blocks(new Scene().ask(UBOOT), 1, 2).wait(-3_600_000)
    const { transfers, summary } = blocks(back, 3, 4).read()
    expect(summary.clockWentBack).toBe(1)
    expect(transfers).toMatchObject([{ blocks: { sent: 4 } }])
    // What passed meanwhile is not known: the usual time does.
    expect(transfers[0].packets.timeMs(5)).toBeCloseTo(0.5, 2)
  })
})
