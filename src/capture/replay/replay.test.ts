/** Captures of the lab with known parameters: what is fitted, what is predicted, and whether that is said with the right trust. */
import { describe, expect, test } from 'vitest'
import { evaluateReplay, isWithin } from '../../../test/diagnosis/replay-evaluation.ts'
import { packet } from '../../../test/golden/capture-maker.ts'
import { blocks, Scene } from '../../../test/golden/capture-scene.ts'
import type { ClientName } from '../../lab/device/clients.ts'
import type { ServerName } from '../../lab/index.ts'
import { diagnose } from '../diagnosis/index.ts'
import type { Replay } from './contract.ts'
import { hypotheses } from './fit.ts'
import { replay } from './replay.ts'

const P = 0.05
const BLOCKS = 250

function evaluated(fault: string, client: ClientName, server: ServerName, seed: number, boots = 2) {
  const values = fault === 'none' || fault === 'dead-rx' ? {} : { p: P }
  const result = evaluateReplay({ fault: { fault, values }, client, server, seed, blocks: BLOCKS }, boots)
  if (result === undefined) throw new Error(`${client} cannot have ${fault}`)
  return result
}

function replayed(fault: string, client: ClientName, seed: number): Replay {
  const { transfer } = evaluated(fault, client, 'tftp-hpa-5.2', seed, 1)
  const played = replay(transfer, diagnose(transfer), 2)
  if (played === undefined) throw new Error('nothing to play')
  return played
}

describe('the model', () => {
  test('is of the kind that was played, and repeats a healthy transfer to a few percent', () => {
    for (const client of ['uboot-1.1.3', 'uboot-2023', 'lwip', 'ipxe', 'grub', 'edk2', 'window'] as const) {
      const { kind, ratio, model } = evaluated('none', client, 'tftp-hpa-5.2', 1, 1)
      expect(kind, client).not.toBe('wrong')
      expect(ratio, client).toBeGreaterThan(0.9)
      expect(ratio, client).toBeLessThan(1.1)
      expect(model.trust, client).toBe('good')
    }
  })

  test('has the lost share within a factor of two, and the time within 30 %, in most boots', () => {
    const cases = (['ack-loss', 'data-loss'] as const).flatMap((fault) =>
      (['uboot-1.1.3', 'curl'] as const).flatMap((client) =>
        [11, 12].map((seed) => evaluated(fault, client, 'tftp-hpa-5.2', seed)),
      ),
    )
    const fitted = cases.filter(({ pRatio }) => pRatio !== undefined)
    const close = fitted.filter(({ pRatio }) => isWithin(pRatio as number, 0.5))
    expect(fitted.length).toBeGreaterThanOrEqual(5)
    expect(close.length / fitted.length).toBeGreaterThanOrEqual(0.8)
    expect(cases.filter(({ ratio }) => isWithin(ratio, 0.3)).length / cases.length).toBeGreaterThanOrEqual(0.65)
    expect(cases.every(({ kind }) => kind !== 'wrong')).toBe(true)
  })

  test('says what Foresend makes of a device that no lock-step server can serve', () => {
    const { captured, model, policies, trust, fitted } = replayed('ack-loss', 'uboot-1.1.3', 21)
    expect(fitted).toMatchObject({ server: 'tftp-hpa-5.2', serverFrom: 'recognised', sizeFrom: 'assumed' })
    expect(captured.isDone).toBe(false)
    expect(model.intact).toBe(0)
    expect(trust).toBe('good')
    expect(policies.strict?.intact).toBe(0)
    expect(policies.auto).toMatchObject({ runs: 2, intact: 2, holed: 0 })
    expect(policies['fixed-2']).toMatchObject({ intact: 2, holed: 0 })
    expect(policies.negotiated).toBeUndefined()
  })

  test('asks for a window where the client can', () => {
    const { policies, windowsize } = replayed('none', 'uboot-2020', 1)
    expect(windowsize).toBe(8)
    expect(policies.negotiated?.ms.median).toBeLessThan((policies.auto?.ms.median ?? 0) / 2)
  })

  test('of a device that hears nothing has no policy that helps, and says so', () => {
    const played = replayed('dead-rx', 'uboot-1.1.3', 1)
    expect(played.fitted.device.faults.map(({ fault }) => fault)).toEqual(['dead-rx'])
    for (const row of Object.values(played.policies)) expect(row?.intact ?? 0).toBe(0)
  })

  test('is the same for the same capture', () => {
    const play = () => evaluated('ack-loss', 'uboot-2008', 'tftpd64', 5).model
    expect(play()).toEqual(play())
  })
})

describe('what cannot be played', () => {
  const of = (scene: Scene) => {
    const transfer = scene.one()
    return replay(transfer, diagnose(transfer), 1)
  }

  test.each<[string, Scene]>([
    [
      'an upload',
      new Scene().ask(packet.wrq('a')).server(packet.ack(0)).client(packet.data(1, 9)).server(packet.ack(1)),
    ],
    ['a capture that began behind the request', blocks(new Scene(), 5, 30)],
    ['a request without an answer', new Scene().ask(packet.rrq('a'))],
    [
      'a size probe',
      new Scene()
        .ask(packet.rrq('a', 'tsize', '0'))
        .server(packet.oack('tsize', '9'))
        .client(packet.error(8, 'no')),
    ],
  ])('%s', (_, scene) => {
    expect(of(scene)).toBeUndefined()
  })

  test('a server that refused is nothing to compare with', () => {
    const played = of(new Scene().ask(packet.rrq('a')).server(packet.error(1, 'no such file')))
    expect(played?.trust).toBe('poor')
    expect(played?.because).toMatch(/refused/)
  })

  test('a request that no client of the lab sends is said', () => {
    const scene = blocks(new Scene().ask(packet.rrq('a', 'x', '1', 'tsize', '0')), 1, 5).server(packet.data(6, 3))
    const transfer = scene.client(packet.ack(6)).one()
    expect(hypotheses(transfer, diagnose(transfer))?.notes.join(' ')).toMatch(/no client of the lab sends this request/)
  })
})
