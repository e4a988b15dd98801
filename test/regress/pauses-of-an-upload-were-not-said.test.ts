/**
 * An upload whose server or device paused for seconds was healthy, and nothing was said of the pauses. One whose answers never arrived had no cause.
 */
import { describe, expect, it } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

const WAITS_MS: Readonly<Record<number, number>> = { 20: 1700, 40: 2900, 60: 2200 }

function upload(wait: { readonly client?: boolean; readonly server?: boolean }): Scene {
  const scene = new Scene().ask(packet.wrq('up.bin')).server(packet.ack(0))
  for (let seq = 1; seq <= 80; seq++) {
    const afterMs = WAITS_MS[seq] ?? 0.1
    scene.client(packet.data(seq, seq === 80 ? 9 : 512), wait.client === true ? { afterMs } : {})
    scene.server(packet.ack(seq), wait.server === true ? { afterMs } : {})
  }
  return scene
}

describe('an upload', () => {
  it('without pauses is healthy', () => {
    expect(diagnose(upload({}).one()).causes).toEqual([])
  })

  it.each([
    ['server', 'server-slow', 'before it acknowledged a block'],
    ['client', 'client-slow', 'before it sent the next block'],
  ])('whose %s paused says how often and how long', (side, id, words) => {
    const { causes } = diagnose(upload({ [side]: true }).one())
    expect(causes.map((cause) => cause.id)).toEqual([id])
    expect(causes[0].title).toContain(`paused 3 times, 6.8 s in all, 2.9 s at the longest, ${words}`)
  })

  it('whose request comes again and again, although it is answered, does not get the answers', () => {
    const scene = new Scene()
    for (let n = 0; n < 5; n++) scene.ask(packet.wrq('up.bin'), { afterMs: 5000 }).server(packet.ack(0))
    const [first, ...others] = diagnose(scene.wait(20_000).one()).causes
    expect(first).toMatchObject({ id: 'dead-rx', confidence: 0.9 })
    expect(first.title).toContain('answers of the server do not reach the device')
    expect(others).toEqual([])
  })
})
