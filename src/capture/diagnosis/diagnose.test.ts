/** Captures written by hand, one for each sign that a rule looks for. */
import { describe, expect, test } from 'vitest'
import { blocks, CLIENT, Scene, type SendOptions, SERVER } from '../../../test/golden/capture-scene.ts'
import { packet } from '../../../test/golden/capture-maker.ts'
import { CAUSE_IDS, diagnose, type Diagnosis } from './index.ts'
import { RULES } from './rules/index.ts'

/** A device of the U-Boot 1.1.x family has asked, and blocks 1 to `last` are through. */
function begun(last: number): Scene {
  return blocks(new Scene().ask(packet.rrq('test.bin', 'timeout', '1')), 1, last)
}

/** The final block, acknowledged. */
function ended(scene: Scene, seq: number): Diagnosis {
  return diagnose(scene.server(packet.data(seq, 100)).client(packet.ack(seq)).one())
}

const firstCause = (diagnosis: Diagnosis): string | undefined => diagnosis.causes[0]?.id

describe('rules', () => {
  test('have ids of the list, each once, and words for a person', () => {
    const ids = RULES.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id, title, advice } of RULES) {
      expect(CAUSE_IDS).toContain(id)
      expect(title).toMatch(/^[^\n]{10,}[^.]$/)
      expect(advice).toMatch(/^[A-Z`][^\n]+\.$/)
    }
  })
})

describe('a transfer whose blocks went to a group (RFC 2090)', () => {
  test('is not judged, and the blocks are no transfer of their own', () => {
    const group = { client: { address: '239.255.9.8', mac: '01:00:5e:7f:09:08' }, clientPort: 1758 }
    const scene = new Scene()
      .ask(packet.rrq('test.bin', 'multicast', ''))
      .server(packet.oack('multicast', '239.255.9.8,1758,0'))
      .client(packet.ack(0))
    for (let seq = 1; seq <= 10; seq++) scene.server(packet.data(seq, 512), { ...group, afterMs: 1000 })
    const diagnosis = diagnose(scene.one())
    expect(diagnosis).toMatchObject({ outcome: 'shared', causes: [], holes: { count: 0 }, server: undefined })
    expect(diagnosis.summary).toContain('a group of clients')
  })
})

describe('a healthy transfer', () => {
  test('has no cause and no hole', () => {
    const diagnosis = ended(begun(50), 51)
    expect(diagnosis).toMatchObject({ outcome: 'complete', causes: [], holes: { count: 0 }, server: undefined })
    expect(diagnosis.figures).toMatchObject({ retransmissions: 0, stalls: 0, clientTimerPackets: 0, windowBlocks: 1 })
    expect(diagnosis.figures.medianAckMs).toBeCloseTo(0.1, 3)
  })

  test('on a link of 100 ms has none either', () => {
    const scene = new Scene().ask(packet.rrq('test.bin'))
    for (let seq = 1; seq <= 20; seq++) scene.server(packet.data(seq, 512)).client(packet.ack(seq), { afterMs: 100 })
    scene.server(packet.data(21, 100)).client(packet.ack(21), { afterMs: 100 })
    expect(diagnose(scene.one()).causes).toEqual([])
  })

  test('may lose a single packet of many', () => {
    const scene = begun(400).server(packet.data(401, 512)).server(packet.data(401, 512), { afterMs: 1000 })
    const diagnosis = ended(blocks(scene.client(packet.ack(401)), 402, 800), 801)
    expect(diagnosis.outcome).toBe('complete')
    for (const { confidence } of diagnosis.causes) expect(confidence).toBeLessThan(0.5)
  })

  test('of no bytes, with a size of 0, has none', () => {
    const scene = new Scene().ask(packet.rrq('empty', 'tsize', '0')).server(packet.oack('tsize', '0'))
    expect(ended(scene.client(packet.ack(0)), 1)).toMatchObject({ outcome: 'complete', causes: [] })
  })

  test('of UEFI begins with a size probe, which is no failure', () => {
    const scene = new Scene()
      .ask(packet.rrq('boot.efi', 'tsize', '0'))
      .server(packet.oack('tsize', '900'))
      .client(packet.error(8, 'User aborted the transfer'))
    expect(diagnose(scene.one())).toMatchObject({ outcome: 'probe', causes: [] })
  })
})

describe('loss', () => {
  test('of an ACK: the timer of the device repeats ACK n, which the server never saw', () => {
    const scene = begun(20)
    for (const seq of [21, 31, 41]) {
      scene.server(packet.data(seq, 512)).server(packet.data(seq, 512), { afterMs: 700 })
      scene.client(packet.ack(seq), { afterMs: 300 })
      blocks(scene, seq + 1, seq + 9)
    }
    const diagnosis = ended(scene, 51)
    const [cause] = diagnosis.causes
    expect(cause.id).toBe('ack-loss')
    expect(cause.confidence).toBeGreaterThan(0.8)
    // The request, twenty blocks and their ACKs, DATA 21, its repeat, and ACK 21.
    expect(cause.evidence[0].packets.slice(0, 3)).toEqual([42, 43, 44])
    expect(diagnosis.figures).toMatchObject({ clientTimerPackets: 3, clientTimerMs: 1000, stalls: 3 })
  })

  test('of DATA: the timer of the device repeats ACK n-1, and DATA n is answered at once', () => {
    const scene = begun(20)
    for (const seq of [21, 26, 44]) {
      scene.server(packet.data(seq, 512)).client(packet.ack(seq - 1), { afterMs: 1000 })
      scene.server(packet.data(seq, 512), { afterMs: 300 }).client(packet.ack(seq))
      blocks(scene, seq + 1, seq === 21 ? 25 : seq === 26 ? 43 : 50)
    }
    expect(firstCause(ended(scene, 51))).toBe('data-loss')
  })

  test('with both kinds of proof names both', () => {
    const scene = begun(20)
    for (const seq of [21, 31, 41, 51]) {
      scene.server(packet.data(seq, 512))
      if (seq < 40) scene.client(packet.ack(seq), { afterMs: 1000 })
      else
        scene
          .client(packet.ack(seq - 1), { afterMs: 1000 })
          .server(packet.data(seq, 512), { afterMs: 300 })
          .client(packet.ack(seq))
      blocks(scene, seq + 1, seq + 9)
    }
    const ids = ended(scene, 61).causes.map(({ id }) => id)
    expect(ids).toContain('ack-loss')
    expect(ids).toContain('data-loss')
  })

  test('whose direction nothing tells names both, level, and says how to tell them apart', () => {
    const scene = new Scene().ask(packet.rrq('test.bin'))
    blocks(scene, 1, 20)
    for (const seq of [21, 31, 41]) {
      scene.server(packet.data(seq, 512)).server(packet.data(seq, 512), { afterMs: 1000 }).client(packet.ack(seq))
      blocks(scene, seq + 1, seq + 9)
    }
    const [first, second] = ended(scene, 51).causes
    expect([first.id, second.id].sort()).toEqual(['ack-loss', 'data-loss'])
    expect(first.confidence - second.confidence).toBeLessThan(0.05)
    expect(first.tellApart).toMatch(/--window 2/)
  })
})

describe('a hole', () => {
  test('is named, and the transfer is not called complete, where a block was never acknowledged by itself', () => {
    const scene = begun(10)
    scene.server(packet.data(11, 512)).server(packet.data(12, 512), { afterMs: 0 }).client(packet.ack(12))
    const diagnosis = ended(blocks(scene, 13, 20), 21)
    expect(diagnosis).toMatchObject({
      outcome: 'possible-holes',
      holes: { count: 1, ranges: [{ first: 11, last: 11 }] },
      summary: expect.stringContaining('may be missing') as string,
    })
    expect(diagnosis.holes.because).toMatch(/never acknowledged/)
  })

  test('is not in a negotiated window, whose ACKs are meant to be cumulative', () => {
    const scene = new Scene()
      .ask(packet.rrq('test.bin', 'windowsize', '2'))
      .server(packet.oack('windowsize', '2'))
      .client(packet.ack(0))
    for (let seq = 1; seq <= 9; seq += 2)
      scene
        .server(packet.data(seq, 512))
        .server(packet.data(seq + 1, 512))
        .client(packet.ack(seq + 1))
    expect(ended(scene, 11)).toMatchObject({ outcome: 'complete', holes: { count: 0 }, causes: [] })
  })

  /** Packets of the server as the capture shows their bytes: cut ones by their checksum, where the card did not add that later. */
  const visible: readonly (readonly [string, SendOptions])[] = [
    ['bytes', {}],
    ['bytes, and no checksum', { checksum: 'none' }],
    ['checksums', { snapBytes: 60 }],
  ]

  /** A burst of the blocks 4, 3, 4 behind one of 1 to 4; each block is filled with a byte. */
  function windowed(fills: readonly number[], options: SendOptions): Diagnosis {
    const scene = new Scene()
      .ask(packet.rrq('test.bin', 'windowsize', '4'))
      .server(packet.oack('windowsize', '4'))
      .client(packet.ack(0))
    for (const seq of [1, 2, 3, 4]) scene.server(packet.data(seq, 512, seq), { ...options, afterMs: 0 })
    scene.client(packet.ack(3))
    for (const [at, seq] of [4, 3, 4].entries())
      scene.server(packet.data(seq, 512, fills[at]), { ...options, afterMs: 0.001 })
    scene.client(packet.ack(4))
    return ended(scene, 5)
  }

  test.each(visible)('may be anywhere behind a burst in which two blocks have one number: by %s', (_, options) => {
    const holes = { ranges: [{ first: 3, last: 5 }] }
    expect(windowed([4, 5, 6], options)).toMatchObject({ outcome: 'possible-holes', holes })
  })

  test.each(visible)('is none where a burst retransmits old blocks behind new ones: by %s', (_, options) => {
    expect(windowed([4, 3, 4], options)).toMatchObject({ outcome: 'complete', holes: { count: 0 } })
  })

  test('is possible where a burst goes back and the capture has no bytes', () => {
    expect(windowed([4, 3, 4], { snapBytes: 60, checksum: 'none' })).toMatchObject({ outcome: 'possible-holes' })
  })

  test('is none where a burst is captured twice', () => {
    const scene = new Scene()
      .ask(packet.rrq('test.bin', 'windowsize', '4'))
      .server(packet.oack('windowsize', '4'))
      .client(packet.ack(0))
    const snap: SendOptions = { snapBytes: 60, checksum: 'none', afterMs: 0.001 }
    for (const seq of [1, 2, 3, 4, 1, 2, 3, 4]) scene.server(packet.data(seq, 512), { ...snap, id: 100 + seq })
    expect(ended(scene.client(packet.ack(4)), 5)).toMatchObject({ outcome: 'complete', holes: { count: 0 } })
  })

  /**
   * Three stalls of two blocks: the ACKs of both are lost, and the first block leaves again, alone. `answers`: what the client says to that. Each second block
   * is never acknowledged by itself.
   */
  function stalled(answers: (seq: number) => readonly number[]): Diagnosis {
    const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 20)
    for (const seq of [21, 31, 41]) {
      scene.server(packet.data(seq, 512)).client(packet.ack(seq))
      scene.server(packet.data(seq + 1, 512)).server(packet.data(seq + 2, 512), { afterMs: 0.1 })
      scene.server(packet.data(seq, 512), { afterMs: 20 })
      for (const answer of answers(seq)) scene.client(packet.ack(answer), { afterMs: 0.2 })
      scene.server(packet.data(seq + 2, 512), { afterMs: 20 }).client(packet.ack(seq + 2))
      blocks(scene, seq + 3, seq + 9)
    }
    return ended(scene, 51)
  }

  test('is none where the client answers old blocks with its place: its last ACK says that it has all', () => {
    expect(stalled((seq) => [seq + 2])).toMatchObject({ outcome: 'complete', holes: { count: 0 } })
  })

  test.each([
    ['answers old blocks by their own number', (seq: number) => [seq]],
    ['answers them by their own number, behind an ACK that it held', (seq: number) => [seq + 2, seq]],
    ['is silent on them', () => []],
    ['says the block before', (seq: number) => [seq - 1]],
  ])('is possible where the client %s', (_, answers) => {
    expect(stalled(answers)).toMatchObject({ outcome: 'possible-holes', holes: { count: 3 } })
  })

  test('is possible where the device shows each frame with the next one, and goes by blocks', () => {
    const scene = new Scene().ask(packet.rrq('test.bin'))
    for (let seq = 1; seq <= 40; seq++) {
      scene.server(packet.data(seq, 512))
      if (seq !== 39) scene.client(packet.ack(seq - 1))
      // An old block shows the one before it.
      if (seq % 10 === 5) scene.server(packet.data(seq - 3, 512), { afterMs: 20 }).client(packet.ack(seq))
      else scene.server(packet.data(seq, 512), { afterMs: 20 })
      if (seq % 10 !== 5 && seq !== 38) scene.client(packet.ack(seq))
    }
    expect(ended(scene, 41).outcome).toBe('possible-holes')
  })

  test('is a block of which the capture has neither DATA nor ACK', () => {
    const scene = blocks(begun(10), 12, 20)
    expect(ended(scene, 21)).toMatchObject({
      outcome: 'possible-holes',
      holes: { count: 1, ranges: [{ first: 11, last: 11 }] },
    })
  })
})

describe('silence', () => {
  test('of the server', () => {
    const scene = new Scene().ask(packet.rrq('a')).ask(packet.rrq('a'), { afterMs: 5000 })
    expect(firstCause(diagnose(scene.one()))).toBe('server-silent')
  })

  test('of the server for so long that the device gave up', () => {
    const scene = new Scene()
    for (let i = 0; i < 4; i++) scene.ask(packet.rrq('a'), { afterMs: 1000 })
    scene.server(packet.data(1, 512), { afterMs: 1200 }).server(packet.data(1, 512), { afterMs: 1000 })
    const [cause] = diagnose(scene.one()).causes
    expect(cause).toMatchObject({ id: 'server-silent', title: expect.stringContaining('too late') })
    expect(cause.evidence[0].text).toMatch(/4 requests went.*4\.2 s after/)
  })

  test('of the device, where the answer came in time', () => {
    const scene = new Scene().ask(packet.rrq('a')).ask(packet.rrq('a'), { afterMs: 5000 })
    for (let i = 0; i < 4; i++) scene.server(packet.data(1, 512), { afterMs: i === 0 ? 300 : 1000 })
    expect(firstCause(diagnose(scene.one()))).toBe('dead-rx')
  })

  test('of the whole receiving side', () => {
    const scene = new Scene().ask(packet.rrq('a'))
    for (let i = 0; i < 3; i++)
      scene.server(packet.data(1, 512), { afterMs: 1000 }).ask(packet.rrq('a'), { afterMs: 5 })
    expect(firstCause(diagnose(scene.one()))).toBe('dead-rx')
  })

  test('from one moment on, while the device still speaks by its timer', () => {
    const scene = begun(20)
    for (let i = 0; i < 4; i++)
      scene.server(packet.data(21, 512), { afterMs: 300 }).client(packet.ack(20), { afterMs: 700 })
    scene.arp(1, SERVER, CLIENT).arp(1, SERVER, CLIENT)
    const [cause] = diagnose(scene.one()).causes
    expect(cause.id).toBe('arp-silent')
    expect(cause.evidence[0].text).toMatch(/MAC address/)
  })

  test('after ten timeouts of a device that counts them all', () => {
    const scene = begun(10)
    for (let seq = 11; seq <= 20; seq++) scene.server(packet.data(seq, 512)).client(packet.ack(seq), { afterMs: 1000 })
    const ids = diagnose(scene.server(packet.data(21, 512)).one()).causes.map(({ id }) => id)
    expect(ids[0]).toBe('ack-loss')
    expect(ids).toContain('budget-used-up')
  })
})

test('a device that writes its flash pauses at equal distances', () => {
  const scene = new Scene().ask(packet.rrq('test.bin'))
  for (let seq = 1; seq <= 150; seq++)
    scene.server(packet.data(seq, 512)).client(packet.ack(seq), { afterMs: seq % 32 === 0 ? 300 : 0.1 })
  expect(firstCause(ended(scene, 151))).toBe('slow-flash')
})

test('a stale ACK is no lost one', () => {
  const scene = begun(20)
  for (const seq of [21, 31, 41]) {
    scene.server(packet.data(seq, 512)).client(packet.ack(seq - 1))
    scene.client(packet.ack(seq), { afterMs: 1000 })
    blocks(scene, seq + 1, seq + 9)
  }
  expect(firstCause(ended(scene, 51))).toBe('ack-stale')
})

test('an ACK that waits in the device comes twice when the next packet pushes it out', () => {
  const scene = begun(20)
  for (const seq of [21, 31, 41]) {
    scene.server(packet.data(seq, 512)).server(packet.data(seq, 512), { afterMs: 500 })
    scene.client(packet.ack(seq), { afterMs: 500 }).client(packet.ack(seq), { afterMs: 0.01 })
    blocks(scene, seq + 1, seq + 9)
  }
  expect(firstCause(ended(scene, 51))).toBe('tx-hold')
})

test('blocks of a size that never arrives, while short packets do', () => {
  const scene = new Scene()
    .ask(packet.rrq('a', 'blksize', '1468'))
    .server(packet.oack('blksize', '1468'))
    .client(packet.ack(0))
  for (let i = 0; i < 4; i++) scene.server(packet.data(1, 1468), { afterMs: 1000 })
  expect(firstCause(diagnose(scene.one()))).toBe('fragments-dropped')
})

test('a server is recognised by its waits', () => {
  const scene = begun(20).server(packet.data(21, 512))
  for (const ms of [1000, 2000, 4000, 8000]) scene.server(packet.data(21, 512), { afterMs: ms })
  expect(diagnose(scene.one()).server).toMatchObject({ name: 'tftp-hpa', orElse: [] })
})

test('a link that is slower than the timers of both sides loses nothing', () => {
  const scene = new Scene().ask(packet.rrq('test.bin'))
  for (let seq = 1; seq <= 30; seq++) {
    scene.server(packet.data(seq, 512))
    if (seq < 4) scene.client(packet.ack(seq - 1), { afterMs: 250 })
    if (seq > 25) scene.server(packet.data(seq, 512), { afterMs: 300 }).client(packet.ack(seq), { afterMs: 300 })
    else scene.client(packet.ack(seq), { afterMs: seq < 4 ? 350 : 600 })
  }
  expect(ended(scene, 31).causes.filter(({ confidence }) => confidence > 0.5)).toEqual([])
})

test('an ERROR and a wrong checksum are named', () => {
  const refused = new Scene().ask(packet.rrq('a')).server(packet.error(1, 'File not found'), { serverPort: 69 })
  expect(firstCause(diagnose(refused.one()))).toBe('server-refused')
  const damaged = begun(20).server(packet.data(21, 512)).client(packet.ack(21), { checksum: 'bad' })
  damaged.server(packet.data(21, 512), { afterMs: 1000 }).client(packet.ack(21))
  expect(ended(damaged, 22).causes.map(({ id }) => id)).toContain('bad-checksums')
})

test('a possible hole says not to flash the image', () => {
  const scene = begun(10)
    .server(packet.data(11, 512))
    .server(packet.data(12, 512), { afterMs: 0 })
    .client(packet.ack(12))
  const hole = ended(blocks(scene, 13, 20), 21).causes.find(({ id }) => id === 'cumulative-server-hole')
  expect(hole?.advice).toMatch(/Do not flash/)
})

describe('what the client does in a fault', () => {
  /** A client after RFC 1350, served in lock-step. */
  const strict = (): Scene => blocks(new Scene().ask(packet.rrq('test.bin')), 1, 20)

  test('two answers at once after a repeat: a frame waited, on either side of a client that acknowledges repeats', () => {
    const scene = strict()
    for (const seq of [21, 31, 41, 51]) {
      scene.server(packet.data(seq, 512)).server(packet.data(seq, 512), { afterMs: 1500 })
      scene.client(packet.ack(seq)).client(packet.ack(seq), { afterMs: 0.01 })
      blocks(scene, seq + 1, seq + 9)
    }
    const [first, second] = ended(scene, 61).causes
    expect([first.id, second.id].sort()).toEqual(['rx-hold', 'tx-hold'])
    expect(first.tellApart).toMatch(/timer of the device/)
  })

  test('each block is answered only when a second frame comes', () => {
    const scene = new Scene().ask(packet.rrq('test.bin'))
    for (let seq = 1; seq <= 12; seq++) {
      scene.server(packet.data(seq, 512))
      if (seq > 1) scene.client(packet.ack(seq - 1))
      scene.server(packet.data(seq, 512), { afterMs: 1000 }).client(packet.ack(seq))
    }
    expect(firstCause(diagnose(scene.one()))).toBe('rx-one-behind')
  })

  test('ACKs that come twice although their block was sent once', () => {
    const scene = strict()
    for (const seq of [21, 31, 41]) {
      scene.server(packet.data(seq, 512)).client(packet.ack(seq)).client(packet.ack(seq), { afterMs: 0.01 })
      blocks(scene, seq + 1, seq + 9)
    }
    expect(firstCause(ended(scene, 51))).toBe('duplicate')
  })

  test('only later packets of a burst are lost', () => {
    const scene = new Scene().ask(packet.rrq('test.bin', 'timeout', '5'))
    for (let seq = 1; seq <= 60; seq += 3) {
      scene.server(packet.data(seq, 512)).client(packet.ack(seq), { afterMs: 0.2 })
      scene.server(packet.data(seq + 1, 512)).server(packet.data(seq + 2, 512), { afterMs: 0.01 })
      scene.client(packet.ack(seq + 1), { afterMs: 0.2 })
      scene.server(packet.data(seq + 2, 512), { afterMs: 250 }).client(packet.ack(seq + 2), { afterMs: 0.2 })
    }
    expect(firstCause(ended(scene, 61))).toBe('rx-ring')
  })

  test('a burst whose packets all arrive is no full ring', () => {
    const scene = new Scene().ask(packet.rrq('test.bin', 'timeout', '5'))
    for (let seq = 1; seq <= 60; seq += 2) {
      scene.server(packet.data(seq, 512)).server(packet.data(seq + 1, 512), { afterMs: 0.01 })
      scene.client(packet.ack(seq), { afterMs: 0.2 }).client(packet.ack(seq + 1), { afterMs: 0.01 })
    }
    expect(ended(scene, 61).causes).toEqual([])
  })

  test('frames behind an idle gap are lost, and no others', () => {
    const scene = strict()
    for (const seq of [21, 41, 61]) {
      // The server reads its disk; the first block behind is lost, and its repeat too.
      scene.server(packet.data(seq, 512), { afterMs: 20 }).server(packet.data(seq, 512), { afterMs: 1000 })
      scene.server(packet.data(seq, 512), { afterMs: 1000 }).client(packet.ack(seq))
      blocks(scene, seq + 1, seq + 19)
    }
    expect(firstCause(ended(scene, 81))).toBe('eee-wake')
  })

  test('frames behind an idle gap are lost, on a link where each round trip is a short gap', () => {
    const scene = new Scene().ask(packet.rrq('test.bin', 'timeout', '5'))
    for (let seq = 1; seq <= 120; seq++) {
      // The server reads its disk; of the packets behind each wait some are lost.
      const lost = seq % 15 === 0 ? 1 + ((seq / 15) % 3) : 0
      scene.server(packet.data(seq, 512), { afterMs: lost > 0 ? 40 : 0.1 })
      for (let n = 0; n < lost; n++) scene.server(packet.data(seq, 512), { afterMs: 1000 })
      scene.client(packet.ack(seq), { afterMs: 8 + (seq % 3) * 0.3 })
    }
    scene.server(packet.data(121, 9)).client(packet.ack(121), { afterMs: 8 })
    expect(firstCause(diagnose(scene.one()))).toBe('eee-wake')
  })

  test('many losses of DATA, proved, and few of ACKs', () => {
    const scene = begun(20)
    for (let n = 0; n < 30; n++) {
      const seq = 21 + 10 * n
      scene.server(packet.data(seq, 512))
      if (n % 8 === 5) scene.client(packet.ack(seq), { afterMs: 1000 })
      else
        scene
          .client(packet.ack(seq - 1), { afterMs: 1000 })
          .server(packet.data(seq, 512))
          .client(packet.ack(seq))
      blocks(scene, seq + 1, seq + 9)
    }
    const [first] = ended(scene, 321).causes
    expect(first.id).toBe('bit-errors')
    expect(first.evidence[0].text).toBe('26 losses of DATA and 4 of ACKs: about the proportion of their lengths')
  })

  test('the way closes after the same time again and again', () => {
    const scene = new Scene().ask(packet.rrq('test.bin', 'timeout', '1'))
    for (let seq = 1; seq <= 100; seq++) {
      scene.server(packet.data(seq, 512))
      if (seq % 20 === 0) scene.client(packet.ack(seq - 1), { afterMs: 1000 }).server(packet.data(seq, 512))
      scene.client(packet.ack(seq))
    }
    expect(firstCause(ended(scene, 101))).toBe('arp-silent')
  })

  test('an answer is overtaken by the one behind it', () => {
    const scene = new Scene().ask(packet.rrq('test.bin'))
    for (let seq = 1; seq <= 60; seq += 2) {
      const isSwapped = seq % 8 === 1
      scene.server(packet.data(seq, 512)).server(packet.data(seq + 1, 512), { afterMs: 0.01 })
      scene.client(packet.ack(isSwapped ? seq + 1 : seq), { afterMs: 0.2 })
      scene.client(packet.ack(isSwapped ? seq : seq + 1), { afterMs: 0.01 })
    }
    expect(firstCause(ended(scene, 61))).toBe('reorder')
  })
})

test('advice for a device that Foresend served does not say to use Foresend', () => {
  const scene = begun(20)
  for (const seq of [21, 31, 41]) {
    scene.server(packet.data(seq, 512)).server(packet.data(seq, 512), { afterMs: 35 })
    scene.server(packet.data(seq, 512), { afterMs: 70 }).client(packet.ack(seq), { afterMs: 895 })
    blocks(scene, seq + 1, seq + 9)
  }
  const { server, causes } = ended(scene, 51)
  expect(server?.name).toBe('foresend')
  expect(causes[0].id).toBe('ack-loss')
  expect(causes[0].advice).not.toMatch(/Foresend/)
})
