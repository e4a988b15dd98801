/**
 * `tcpdump port 69` keeps the requests, and a transfer runs on other ports from its first answer on. Each of several healthy transfers "FAILED", its server "did not answer", and all
 * of its blocks were missing in the device.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { outcomeText, verdictText } from '../../src/cli/diagnose/verdict.ts'
import { holesText } from '../../src/cli/diagnose/words.ts'
import { packet } from '../golden/capture-maker.ts'
import { CLIENT, Scene, SERVER } from '../golden/capture-scene.ts'

function said(scene: Scene) {
  return scene.read().transfers.map((transfer) => {
    const one = { transfer, diagnosis: diagnose(transfer) }
    const { causes, summary } = one.diagnosis
    return { causes, summary, outcome: outcomeText(one), verdict: verdictText(one), holes: holesText(one) }
  })
}

/** Three transfers, each some seconds after the one before. */
function requests(): Scene {
  const scene = new Scene()
  for (const clientPort of [2070, 2071, 2072]) scene.ask(packet.rrq(`${clientPort}.bin`), { clientPort }).wait(9000)
  return scene
}

test('nothing but requests: what became of them is not known', () => {
  for (const one of said(requests())) {
    expect(one.causes).toEqual([])
    expect(one.outcome).toMatch(/^not known/)
    expect(one.summary).toBe('the capture has no answer to the request')
    expect(one.verdict).toMatch(/other ports.*filter udp/s)
    expect(one.holes).toMatch(/not known/)
  }
})

test('with any other frame there is no such filter: the server is silent', () => {
  const [first] = said(requests().arp(1, CLIENT, SERVER))
  expect(first.causes[0]?.id).toBe('server-silent')
  expect(first.outcome).toBe('FAILED')
})

test('a client that asks again and again may have got no answer: both are said', () => {
  const scene = new Scene()
  for (let n = 0; n < 4; n++) scene.ask(packet.rrq('image.bin'), { afterMs: 5000 })
  const [{ causes }] = said(scene)
  expect(causes[0]).toMatchObject({ id: 'server-silent', confidence: 0.5 })
  expect(causes[0].tellApart).toMatch(/filtered for port 69/)
})

test.each(['client', 'server'] as const)('packets of the %s alone', (side) => {
  const scene = new Scene()
  if (side === 'client') scene.ask(packet.rrq('image.bin'))
  for (let seq = 1; seq <= 20; seq++)
    scene[side](side === 'client' ? packet.ack(seq) : packet.data(seq, seq === 20 ? 9 : 512), { afterMs: 1 })
  const [{ outcome, causes, holes }] = said(scene)
  expect(outcome).toBe(`not known: the packets of the ${side === 'client' ? 'server' : 'client'} are missing`)
  expect(causes).toEqual([])
  if (side === 'server') expect(holes).toMatch(/not known/)
})
