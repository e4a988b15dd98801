import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { evaluate, type LinkName } from '../diagnosis/evaluation.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

/**
 * Every block went out once and every ACK came once, some of them late. Nothing is lost then; but each late answer was taken for a lost ACK that the
 * client repeated by a timer, although no two of these waits were alike.
 */
test('answers that come late, each once, are no loss', () => {
  const late = new Map([
    [3, 461],
    [4, 282],
    [12, 602],
    [32, 355],
    [44, 78],
  ])
  const scene = new Scene().ask(packet.rrq('test.bin'))
  for (let seq = 1; seq <= 65; seq++) {
    const latencyMs = late.get(seq) ?? 0.3 + 0.1 * (seq % 5)
    scene.server(packet.data(seq, seq === 65 ? 100 : 512)).client(packet.ack(seq), { afterMs: latencyMs })
  }
  expect(diagnose(scene.one())).toMatchObject({ outcome: 'complete', causes: [] })
})

/** Packets wait for each other, and a server repeats what is still on its way: the first answers come soonest. */
test.each<[client: ClientName, server: ServerName, link: LinkName, seed: number]>([
  ['uboot-2020', 'foresend-window-8', 'narrow', 8001],
  ['window', 'foresend', 'narrow', 8001],
  ['window', 'foresend', 'narrow', 8003],
  ['edk2', 'pytftpd-2', 'uneven', 8002],
  ['uboot-1.1.3', 'pytftpd-2', 'cable', 8001],
])('%s at %s over a link that is %s is blamed for nothing', (client, server, link, seed) => {
  expect(evaluate('none', client, server, seed, link)?.diagnosis.causes).toEqual([])
})

test('a server that answers copies with copies is the only one to blame', () => {
  const causes = evaluate('none', 'uboot-2008', 'pytftpd-2', 8002, 'narrow')?.diagnosis.causes
  const ids = causes?.map(({ id }) => id)
  expect(ids).toContain('sorcerers-apprentice')
  for (const id of ids ?? []) expect(['sorcerers-apprentice', 'server-silent']).toContain(id)
})
