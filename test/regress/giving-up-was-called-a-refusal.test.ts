import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { evaluate } from '../diagnosis/evaluation.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

/** The ERROR of a server that gave up stood above what made it give up. */
test('a server that gives up is no server that refuses', () => {
  const causes = evaluate('arp-silent', 'lwip', 'foresend', 9400)?.diagnosis.causes
  expect(causes?.map(({ id }) => id)).toEqual(['arp-silent', 'client-silent', 'server-refused'])
  expect(causes?.at(-1)?.confidence).toBeLessThan(0.3)
})

test('an ERROR without a repeat before it is a refusal', () => {
  const scene = new Scene().ask(packet.rrq('test.bin')).server(packet.error(0, 'busy'))
  expect(diagnose(scene.one()).causes[0]).toMatchObject({ id: 'server-refused', confidence: 0.99 })
})

/** Of sixteen blocks that left together each could have been the first that did not arrive, and too many stories were alike. */
test('nothing arrives from the first block of a window on', () => {
  expect(evaluate('arp-silent', 'window', 'foresend', 9400)?.first).toBe(true)
})
