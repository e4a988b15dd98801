import { describe, expect, test } from 'vitest'
import type { Client } from '../client/client.ts'
import { strictClient } from '../client/strict.ts'
import { uboot113 } from '../client/uboot-classic.ts'
import { WindowClient } from '../client/window-client.ts'
import { FAULTS } from '../fault/catalogue.ts'
import { Rng } from '../rng.ts'
import { judge, type Verdict } from '../verdict.ts'
import { World } from '../world.ts'
import { SERVERS, type ServerName } from './catalogue.ts'
import { serverNode } from './model.ts'

const NAMES = Object.keys(SERVERS) as ServerName[]
const image = new Rng(1).fill(new Uint8Array(100 * 512 + 17))

interface Run {
  readonly verdict: Verdict
  readonly datagrams: number
  readonly ms: number
}

function run(name: ServerName, client: Client, fault: 'none' | 'ack-loss' | 'data-loss' = 'none', seed = 1): Run {
  const rng = new Rng(seed)
  const world = new World()
  const server = serverNode(SERVERS[name], { image, rng: rng.fork('server') })
  const { up, down } = FAULTS[fault](rng.fork(fault), 0.1)
  world.join(client, server, { up: { delayMs: 0.075, faults: up }, down: { delayMs: 0.075, faults: down } })
  world.run({ untilMs: 3_600_000, maxDatagrams: 1_000_000 })
  const verdict = judge(client.result, server.outcome, image, server.started > 0)
  return { verdict, datagrams: server.dataSent, ms: client.result?.endedAt ?? world.now }
}

describe('every server of the table', () => {
  test.each(NAMES)('%s serves a strict client over a clean link', (name) => {
    const sizeBytes = image.length
    expect(run(name, strictClient({ sizeBytes, dallyMs: 3000 })).verdict.kind).toBe('intact')
  })

  // Published PyTFTPd refuses `timeout`.
  test.each(NAMES.filter((name) => name !== 'pytftpd'))('%s serves U-Boot 1.1.3 over a clean link', (name) => {
    expect(run(name, uboot113({ sizeBytes: image.length })).verdict.kind).toBe('intact')
  })

  test.each(NAMES)('%s gives a client a window of four', (name) => {
    const client = new WindowClient({ sizeBytes: image.length, windowsize: 4, dallyMs: 3000 })
    const { verdict } = run(name, client)
    expect(verdict.kind).toBe('intact')
  })

  test.each(NAMES.filter((name) => name !== 'pytftpd'))(
    '%s does the same again from the same seed, whatever is lost',
    (name) => {
      const once = run(name, uboot113({ sizeBytes: image.length }), 'ack-loss', 7)
      expect(run(name, uboot113({ sizeBytes: image.length }), 'ack-loss', 7)).toEqual(once)
      expect(once.ms).not.toBe(run(name, uboot113({ sizeBytes: image.length }), 'ack-loss', 8).ms)
    },
  )
})
