import { describe, expect, test } from 'vitest'
import { Scene } from '../../../../test/golden/capture-scene.ts'
import { packet } from '../../../../test/golden/capture-maker.ts'
import { type Cause, diagnose } from '../index.ts'

const { ack, data, wrq } = packet

/** A client stores a file; the server's ACK 0 has left. At the server: what it sends is not yet filled up to 60 bytes. */
function asked(): Scene {
  return new Scene().ask(wrq('config')).server(ack(0), { pad: false })
}

/** Blocks `first` to `last`, each acknowledged. */
function stored(scene: Scene, first: number, last: number, sizeBytes = 512): Scene {
  for (let seq = first; seq <= last; seq++) scene.client(data(seq, sizeBytes)).server(ack(seq), { pad: false })
  return scene
}

function causesOf(scene: Scene, last: number): readonly Cause[] {
  return diagnose(stored(scene, last + 1, last + 1, 100).one()).causes
}

const idsOf = (causes: readonly Cause[]): string[] => causes.map(({ id }) => id)

describe('an upload', () => {
  test('that lost nothing is healthy', () => {
    expect(causesOf(stored(asked(), 1, 30), 30)).toEqual([])
  })

  test('whose client sends by its timer lost DATA', () => {
    const scene = stored(asked(), 1, 10)
    for (const seq of [11, 21, 31]) {
      scene.client(data(seq, 512), { afterMs: 100 }).server(ack(seq), { pad: false })
      stored(scene, seq + 1, seq + 9)
    }
    const causes = causesOf(scene, 40)
    expect(idsOf(causes)).toEqual(['data-loss'])
    expect(causes[0].title).toBe('DATA of the device is lost on its way to the server')
    expect(causes[0].evidence[0].text).toMatch(/^blocks 11, 21, 31: came late/)
  })

  test('whose client repeats a block that is acknowledged lost the ACK', () => {
    const scene = stored(asked(), 1, 10)
    for (const seq of [10, 20, 30]) {
      scene.client(data(seq, 512), { afterMs: 100 }).server(ack(seq), { pad: false })
      stored(scene, seq + 1, seq + 10)
    }
    expect(idsOf(causesOf(scene, 40))).toEqual(['ack-loss'])
  })

  test('whose client answers repeated ACKs at once lost one or the other', () => {
    const scene = stored(asked(), 1, 10)
    for (const seq of [10, 20, 30]) {
      scene.server(ack(seq), { afterMs: 250, pad: false })
      stored(scene, seq + 1, seq + 10)
    }
    const causes = causesOf(scene, 40)
    expect(idsOf(causes).toSorted()).toEqual(['ack-loss', 'data-loss'])
    expect(causes[0].confidence).toBe(causes[1].confidence)
    expect(causes[0].tellApart).toMatch(/look alike/)
  })

  test('whose client leaves repeated ACKs unanswered until its timer rings lost DATA there, and ACKs where it answers', () => {
    const scene = stored(asked(), 1, 10)
    for (const seq of [10, 20]) {
      scene.server(ack(seq), { afterMs: 250, pad: false }).wait(750)
      stored(scene, seq + 1, seq + 10)
    }
    scene.server(ack(30), { afterMs: 250, pad: false })
    const causes = causesOf(stored(scene, 31, 40), 40)
    expect(idsOf(causes)).toEqual(['data-loss', 'ack-loss'])
    expect(causes[0].evidence[0].text).toMatch(/^blocks 11, 21:/)
    expect(causes[1].evidence[0].text).toMatch(/^the ACK of block 30 did not arrive/)
  })

  test('whose last ACK is lost', () => {
    const scene = stored(stored(asked(), 1, 10), 11, 11, 100)
    for (let i = 0; i < 2; i++) scene.client(data(11, 100), { afterMs: 1000 }).server(ack(11), { pad: false })
    const { causes } = diagnose(scene.one())
    expect(idsOf(causes)).toEqual(['ack-loss'])
    expect(causes[0].evidence[0].text).toMatch(/^the ACK of block 11 did not arrive/)
  })

  test('that breaks off behind a repeat is counted once', () => {
    const scene = stored(asked(), 1, 10).client(data(10, 512), { afterMs: 100 }).server(ack(10), { pad: false })
    const [cause] = diagnose(scene.client(data(11, 512)).one()).causes
    expect(cause).toMatchObject({ id: 'ack-loss', confidence: 0.6 })
  })
})

describe('no loss is', () => {
  test('a client that paused once, past a repeat of the server', () => {
    const scene = stored(asked(), 1, 60).server(ack(60), { afterMs: 250, pad: false }).wait(100)
    expect(causesOf(stored(scene, 61, 150), 150)).toEqual([])
  })

  test('pauses of different lengths', () => {
    const scene = stored(asked(), 1, 10)
    for (const seq of [11, 21, 31]) stored(scene.wait(10 * seq), seq, seq + 9)
    expect(causesOf(scene, 40)).toEqual([])
  })

  test('a server that writes slowly, so that the client repeats what is not yet acknowledged', () => {
    const scene = stored(asked(), 1, 10)
    for (const seq of [11, 21, 31]) {
      scene
        .client(data(seq, 512))
        .client(data(seq, 512), { afterMs: 100 })
        .server(ack(seq), { afterMs: 20, pad: false })
      stored(scene, seq + 1, seq + 9)
    }
    expect(causesOf(scene, 40)).toEqual([])
  })

  test('a repeat that crosses its ACK on the way', () => {
    const scene = stored(asked(), 1, 10)
    for (const seq of [11, 21]) {
      scene.client(data(seq, 512)).server(ack(seq), { afterMs: 99, pad: false }).client(data(seq, 512), { afterMs: 1 })
      scene.server(ack(seq), { pad: false })
      stored(scene, seq + 1, seq + 9)
    }
    expect(causesOf(scene, 30)).toEqual([])
  })
})

describe('an upload that stops', () => {
  const firstOf = (scene: Scene): string => {
    const [cause] = diagnose(scene.one()).causes
    return `${cause?.id}: ${cause?.evidence[0]?.text}`
  }

  test('because the device says nothing more', () => {
    const scene = stored(asked(), 1, 10)
    for (let i = 0; i < 6; i++) scene.server(ack(10), { afterMs: 1000, pad: false })
    expect(firstOf(scene)).toBe('client-silent: 7 times the same ACK, and no answer of any kind')
  })

  test('because the device says nothing more, and the server says so', () => {
    const scene = stored(asked(), 1, 10)
    for (let i = 0; i < 6; i++) scene.server(ack(10), { afterMs: 1000, pad: false })
    expect(firstOf(scene.server(packet.error(0, 'Timed out')))).toMatch(/^client-silent: 7 times/)
  })

  test('because the server says nothing more', () => {
    const scene = stored(asked(), 1, 10)
    for (let i = 0; i < 6; i++) scene.client(data(11, 512), { afterMs: 1000 })
    expect(firstOf(scene)).toMatch(/^server-silent: the device sends the same block 6 times/)
  })

  test('because no ACK arrives any more', () => {
    const scene = stored(asked(), 1, 11)
    for (let i = 0; i < 6; i++) scene.client(data(11, 512), { afterMs: 1000 }).server(ack(11), { pad: false })
    const [cause] = diagnose(scene.one()).causes
    expect(cause).toMatchObject({ id: 'ack-loss' })
    expect(cause.confidence).toBeGreaterThan(0.9)
  })
})

/** A client stores a file in windows of four, and the server's OACK has left. */
function askedWindows(): Scene {
  return new Scene().ask(wrq('config', 'windowsize', '4')).server(packet.oack('windowsize', '4'), { pad: false })
}

/** Windows from block `first` to `last`, each acknowledged at its end. */
function storedWindows(scene: Scene, first: number, last: number): Scene {
  for (let seq = first; seq <= last; seq++) {
    scene.client(data(seq, 512))
    if (seq % 4 === 0) scene.server(ack(seq), { pad: false })
  }
  return scene
}

function causesOfWindows(scene: Scene, last: number): readonly Cause[] {
  return diagnose(
    scene
      .client(data(last + 1, 100))
      .server(ack(last + 1), { pad: false })
      .one(),
  ).causes
}

describe('an upload in windows', () => {
  test('that lost nothing is healthy', () => {
    expect(causesOfWindows(storedWindows(askedWindows(), 1, 40), 40)).toEqual([])
  })

  test('lost the blocks that are missing when later ones come', () => {
    const scene = storedWindows(askedWindows(), 1, 8)
    for (const seq of [9, 17, 25]) {
      scene
        .client(data(seq, 512))
        .client(data(seq + 2, 512))
        .server(ack(seq), { pad: false })
      scene.client(data(seq + 3, 512))
      scene
        .client(data(seq + 1, 512), { afterMs: 50 })
        .client(data(seq + 2, 512))
        .client(data(seq + 3, 512))
      scene.server(ack(seq + 3), { pad: false })
      storedWindows(scene, seq + 4, seq + 7)
    }
    const causes = causesOfWindows(scene, 32)
    expect(idsOf(causes)).toEqual(['data-loss'])
    expect(causes[0].evidence[0].text).toMatch(/^blocks 10, 18, 26: missing when later blocks came/)
  })

  test('lost the end of a window, which its client sends again', () => {
    const scene = storedWindows(askedWindows(), 1, 8)
    for (const seq of [9, 17, 25]) {
      scene.client(data(seq, 512)).client(data(seq + 1, 512))
      scene.client(data(seq, 512), { afterMs: 1000 })
      storedWindows(scene, seq + 1, seq + 7)
    }
    expect(idsOf(causesOfWindows(scene, 32))).toEqual(['data-loss'])
  })

  test('lost the ACKs that its client did not heed', () => {
    const scene = storedWindows(askedWindows(), 1, 8)
    for (const seq of [5, 13, 21]) {
      scene.client(data(seq, 512), { afterMs: 1000 })
      storedWindows(scene, seq + 1, seq + 11)
    }
    const causes = causesOfWindows(scene, 32)
    expect(idsOf(causes)).toEqual(['ack-loss'])
    expect(causes[0].evidence[0].text).toMatch(/^the ACK of blocks 8, 16, 24 did not arrive/)
  })

  test('whose blocks overtake each other lost none', () => {
    const scene = storedWindows(askedWindows(), 1, 8)
    for (const seq of [9, 17, 25]) {
      scene
        .client(data(seq, 512))
        .client(data(seq + 2, 512))
        .client(data(seq + 1, 512))
        .client(data(seq + 3, 512))
      scene.server(ack(seq + 3), { pad: false })
      storedWindows(scene, seq + 4, seq + 7)
    }
    expect(causesOfWindows(scene, 32)).toEqual([])
  })
})
