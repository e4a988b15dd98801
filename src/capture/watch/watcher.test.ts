/** What is told of frames, second by second. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ethernet, ip, packet, udp } from '../../../test/golden/capture-maker.ts'
import { blocks, CLIENT, Scene, SERVER, type Side } from '../../../test/golden/capture-scene.ts'
import type { Profile } from '../../profile/profile.ts'
import { parseOptionForm } from '../../profile/option-form.ts'
import { CaptureReader } from '../read/capture-reader.ts'
import { timeMs } from '../read/record.ts'
import type { LinkState, WatchEvent } from './contract.ts'
import { type OwnAddresses, QUIET_MS, Watcher } from './watcher.ts'

const UBOOT: Profile = {
  name: 'uboot-1.1',
  title: 'U-Boot 1.1',
  kind: 'bootloader',
  vendors: [],
  direction: 'asks',
  lab: [],
  sources: { a: 'https://example.org' },
  requests: [
    { direction: 'read', mode: 'octet', options: [parseOptionForm('timeout=1')!], slash: undefined, source: ['a'] },
  ],
  ports: undefined,
  files: [],
  filesOnly: false,
  recovery: [],
  behaviour: undefined,
  helps: [],
  harms: [],
  notes: [],
}
const VENDORS = [{ name: 'TP-Link', prefixes: ['50:c7:bf'] }]
const OURS: OwnAddresses = { addresses: [SERVER.address], broadcasts: ['192.168.0.255'] }
const OTHER: OwnAddresses = { addresses: ['10.0.0.5'], broadcasts: [] }

interface Setting {
  readonly own?: OwnAddresses
  readonly link?: LinkState
  /** Watched on for so long behind the last frame. */
  readonly onMs?: number
}

/** Plays the scene in steps of 100 ms. */
function watched(scene: Scene, { own, link, onMs = 0 }: Setting = {}): WatchEvent[] {
  const events: WatchEvent[] = []
  let watcher: Watcher | undefined
  let now = 0
  const until = (ms: number): void => {
    for (; now + 100 <= ms; now += 100) watcher?.time(now + 100)
  }
  const reader = new CaptureReader('scene', {
    record: (record) => {
      if (watcher === undefined) {
        now = timeMs(record)
        watcher = new Watcher({ profiles: [UBOOT], vendors: VENDORS }, now, (event) => events.push(event))
        if (own !== undefined) watcher.own = () => own
        if (link !== undefined) watcher.link(now, link)
      }
      until(timeMs(record))
      watcher.frame(record)
    },
    comment: () => {},
  })
  reader.push(scene.file())
  reader.end()
  until(scene.ms + onMs)
  return events
}

const kinds = (events: readonly WatchEvent[]): string[] => events.map(({ event }) => event)
function find<K extends WatchEvent['event']>(
  events: readonly WatchEvent[],
  kind: K,
): Extract<WatchEvent, { event: K }> {
  const found = events.find(({ event }) => event === kind)
  if (found === undefined) throw new Error(`no ${kind} among ${kinds(events).join(', ')}`)
  return found as Extract<WatchEvent, { event: K }>
}

describe('a device looks for an address', () => {
  test('a question alone may have been answered out of sight; a repeated one was not', () => {
    const once = new Scene().arp(1, CLIENT, SERVER)
    expect(kinds(watched(once, { own: OTHER, onMs: 10_000 }))).toEqual(['address-asked'])
    const twice = once.wait(5000).arp(1, CLIENT, SERVER).wait(5000).arp(1, CLIENT, SERVER)
    const events = watched(twice, { own: OTHER })
    expect(kinds(events)).toEqual(['address-asked', 'address-missing'])
    expect(find(events, 'address-missing')).toMatchObject({
      address: SERVER.address,
      questions: 2,
      isOurs: false,
      device: { address: CLIENT.address, mac: CLIENT.mac },
    })
  })

  test('an answer ends the questions, and is told once', () => {
    const scene = new Scene().arp(1, CLIENT, SERVER).arp(2, SERVER, CLIENT)
    for (let i = 0; i < 3; i++) scene.wait(2000).arp(1, CLIENT, SERVER).arp(2, SERVER, CLIENT)
    const events = watched(scene, { own: OURS })
    expect(kinds(events)).toEqual(['address-asked', 'address-answered'])
    expect(find(events, 'address-answered')).toMatchObject({ isOurs: true, by: { mac: SERVER.mac } })
  })

  test('a host that checks its own new address looks for no machine', () => {
    const probe = { ...CLIENT, address: '0.0.0.0' }
    expect(watched(new Scene().arp(1, probe, CLIENT).wait(900).arp(1, probe, CLIENT))).toEqual([])
  })
})

describe('a request', () => {
  const ask = (scene: Scene): Scene => scene.ask(packet.rrq('test.bin', 'timeout', '1'))

  test('is told with the device, its maker and its kind', () => {
    const client: Side = { ...CLIENT, mac: '50:c7:bf:00:00:01' }
    const { request, kinds: likely } = find(
      watched(new Scene({ client }).ask(packet.rrq('test.bin', 'timeout', '1'))),
      'request',
    )
    expect(request).toMatchObject({
      id: 1,
      device: { address: CLIENT.address, mac: client.mac, vendor: 'TP-Link' },
      file: 'test.bin',
      direction: 'read',
      toAddress: SERVER.address,
      toPort: 69,
      isOurs: undefined,
    })
    expect(likely.map(({ profile }) => profile.name)).toEqual(['uboot-1.1'])
  })

  test.each<[string, OwnAddresses | undefined, string]>([
    ['this machine has the address', OURS, 'no-server-here'],
    ['this machine has another', OTHER, 'other-address'],
    ['nothing is known of this machine', undefined, 'silence'],
  ])('without an answer: %s', (_, own, because) => {
    const events = watched(ask(new Scene()), { ...(own === undefined ? {} : { own }), onMs: 2000 })
    expect(kinds(events)).toEqual(['request', 'unanswered'])
    const { time } = find(events, 'unanswered')
    expect(find(events, 'unanswered')).toMatchObject({ because, sent: 1 })
    expect(time - events[0].time).toBeLessThanOrEqual(1000)
  })

  test('that another machine refuses by ICMP', () => {
    const scene = ask(new Scene())
    const about = scene.quote(true, packet.rrq('test.bin', 'timeout', '1'), { serverPort: 69 })
    const events = watched(scene.icmp(3, 3, about, SERVER, CLIENT), { own: OTHER, onMs: 200 })
    expect(find(events, 'unanswered')).toMatchObject({ because: 'refused-by-icmp', icmp: 'port-unreachable' })
  })

  test('repeated from the same port is the same request, and over when the device gives up', () => {
    const scene = ask(new Scene())
    for (let i = 0; i < 3; i++) ask(scene.wait(1000))
    const events = watched(scene, { own: OURS, onMs: 20_000 })
    expect(kinds(events)).toEqual(['request', 'unanswered', 'ended'])
    expect(find(events, 'ended').transfer.request?.count).toBe(4)
  })

  test('repeated from another port begins anew, and the one before is over', () => {
    const scene = ask(new Scene())
      .wait(1000)
      .ask(packet.rrq('test.bin', 'timeout', '1'), { clientPort: 2071 })
    expect(kinds(watched(scene))).toEqual(['request', 'unanswered', 'ended', 'request'])
  })

  test('to a broadcast address is one to every machine', () => {
    const server = { ...SERVER, address: '192.168.0.255' }
    expect(find(watched(ask(new Scene({ server })), { own: OURS }), 'request').request.isBroadcast).toBe(true)
  })
})

describe('a transfer', () => {
  test('healthy: answered, and over as soon as nothing more comes', () => {
    const scene = new Scene().ask(packet.rrq('a.bin', 'blksize', '512')).server(packet.oack('blksize', '512'))
    scene.client(packet.ack(0))
    blocks(scene, 1, 20).server(packet.data(21, 5)).client(packet.ack(21))
    const events = watched(scene, { onMs: 1000 })
    expect(kinds(events)).toEqual(['request', 'answered', 'ended'])
    expect(find(events, 'answered')).toMatchObject({
      server: { address: SERVER.address },
      oack: [{ name: 'blksize', value: '512' }],
    })
    expect(find(events, 'ended')).toMatchObject({ diagnosis: { outcome: 'complete', causes: [] } })
    expect(find(events, 'ended').time - scene.ms).toBeLessThan(600)
  })

  test('that stops is told once, and judged when the device is silent for good', () => {
    const scene = blocks(new Scene().ask(packet.rrq('a.bin')), 1, 50).server(packet.data(51, 512))
    for (let i = 0; i < 3; i++) scene.wait(1000).server(packet.data(51, 512))
    const events = watched(scene, { onMs: 20_000 })
    expect(kinds(events)).toEqual(['request', 'answered', 'stalled', 'ended'])
    expect(find(events, 'stalled')).toMatchObject({ block: 50, bytes: 25_600 })
    expect(find(events, 'ended').diagnosis).toMatchObject({ outcome: 'silent' })
  })

  test('that lasts is told of every two seconds', () => {
    const scene = new Scene().ask(packet.rrq('a.bin'))
    for (let seq = 1; seq <= 60; seq++) blocks(scene.wait(100), seq, seq)
    expect(kinds(watched(scene)).filter((kind) => kind === 'progress')).toHaveLength(3)
  })

  test('that the client ends by an ERROR is over', () => {
    const scene = blocks(new Scene().ask(packet.rrq('a.bin')), 1, 3).client(packet.error(0, 'no space'))
    expect(find(watched(scene, { onMs: 600 }), 'ended').transfer.outcome).toMatchObject({
      type: 'error',
      from: 'client',
    })
  })

  test('whose client has closed its port is over at once', () => {
    const scene = blocks(new Scene().ask(packet.rrq('a.bin')), 1, 3)
    const about = scene.quote(false, packet.data(4, 512))
    const events = watched(scene.server(packet.data(4, 512)).icmp(3, 3, about, CLIENT, SERVER), { onMs: 600 })
    expect(find(events, 'ended').transfer.blocks.acknowledged).toBe(3)
  })

  test('two at once of one device are two', () => {
    const [a, b] = [{ clientPort: 3000 }, { clientPort: 3001 }]
    const scene = new Scene().ask(packet.rrq('a'), a).ask(packet.rrq('b'), b)
    for (const side of [a, b]) scene.server(packet.data(1, 9), side).client(packet.ack(1), side)
    const ended = watched(scene, { onMs: 1000 }).filter(({ event }) => event === 'ended')
    expect(ended.map((event) => (event as { request: { file: string } }).request.file)).toEqual(['a', 'b'])
  })
})

describe('an address by DHCP', () => {
  const message = (type: number, isReply: boolean, more: readonly number[] = []): Uint8Array => {
    const b = new Uint8Array(300)
    b.set([isReply ? 2 : 1, 1, 6, 0, 1, 2, 3, 4])
    if (isReply) b.set([192, 168, 0, 77, 192, 168, 0, 66], 16)
    b.set([2, 0, 0, 0, 0, 1], 28)
    b.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, ...more, 255], 236)
    return b
  }
  const send = (scene: Scene, payload: Uint8Array): Scene => {
    const isReply = payload[0] === 2
    const [from, to] = isReply ? [SERVER.address, '255.255.255.255'] : ['0.0.0.0', '255.255.255.255']
    const [fromPort, toPort] = isReply ? [67, 68] : [68, 67]
    return scene.frame(
      ethernet(
        isReply ? SERVER.mac : CLIENT.mac,
        'ff:ff:ff:ff:ff:ff',
        0x0800,
        ip(from, to, udp(from, to, fromPort, toPort, payload)),
      ),
    )
  }
  const PXE = [60, 9, ...[...'PXEClient'].map((c) => c.charCodeAt(0)), 12, 2, 112, 105]
  const FILE = [67, 6, ...[...'pxe.0\0'].map((c) => c.charCodeAt(0))]

  test('is named with what the device says of itself, and with the boot file of the answer', () => {
    const scene = send(send(new Scene(), message(1, false, PXE)).wait(10), message(2, true, FILE))
    const events = watched(scene)
    expect(events.map((event) => (event.event === 'dhcp' ? event.message : event.event))).toMatchObject([
      { kind: 'discover', mac: CLIENT.mac, vendorClass: 'PXEClient', hostname: 'pi', wantsBoot: true },
      { kind: 'offer', address: '192.168.0.77', bootServer: '192.168.0.66', bootFile: 'pxe.0' },
    ])
  })

  test('that no server gives is told at the second question', () => {
    const scene = send(send(new Scene(), message(1, false)).wait(4000), message(1, false))
    expect(kinds(watched(scene))).toEqual(['dhcp', 'dhcp-unanswered'])
  })
})

describe('silence', () => {
  const noise = new Scene().client(new Uint8Array([1, 2, 3, 4]), { serverPort: 53, clientPort: 5353 })

  test('is told after a minute, and again each five', () => {
    const events = watched(noise, { link: 'up', onMs: QUIET_MS + 310_000 })
    expect(kinds(events)).toEqual(['quiet', 'quiet'])
    expect(find(events, 'quiet')).toMatchObject({ frames: 1, link: 'up' })
  })

  test('a link that is down is told at once, one that is up when it comes back', () => {
    const events: WatchEvent[] = []
    const watcher = new Watcher({ profiles: [], vendors: [] }, 0, (event) => events.push(event))
    watcher.link(0, 'no-carrier')
    watcher.link(500, 'no-carrier')
    watcher.link(1000, 'up')
    expect(events).toEqual([
      { event: 'link', state: 'no-carrier', time: 0 },
      { event: 'link', state: 'up', time: 1000 },
    ])
  })
})

test('a flood of requests is watched in bounded memory, and none of them is lost from the count', () => {
  const scene = new Scene()
  for (let i = 0; i < 200; i++) scene.ask(packet.rrq(`file${i}`), { clientPort: 1024 + i })
  const events = watched(scene, { onMs: 20_000 })
  expect(events.filter(({ event }) => event === 'request')).toHaveLength(200)
  expect(events.filter(({ event }) => event === 'ended')).toHaveLength(200)
})

test('whatever passes on the network, the watch goes on', () => {
  const byte = fc.integer({ min: 0, max: 255 })
  const payload = fc.oneof(
    fc.array(byte, { maxLength: 320 }),
    fc
      .record({
        op: fc.constantFrom(1, 2),
        rest: fc.array(byte, { minLength: 235, maxLength: 235 }),
        options: fc.array(byte),
      })
      .map(({ op, rest, options }) => [op, ...rest, 0x63, 0x82, 0x53, 0x63, ...options]),
    fc.array(byte, { maxLength: 40 }).map((bytes) => [0, 1, ...bytes, 0, 111, 99, 116, 101, 116, 0]),
  )
  const datagram = fc.record({
    payload,
    fromClient: fc.boolean(),
    serverPort: fc.constantFrom(67, 68, 69, 40_000),
    clientPort: fc.constantFrom(67, 68, 2070),
  })
  fc.assert(
    fc.property(fc.array(datagram, { minLength: 1, maxLength: 12 }), (datagrams) => {
      const scene = new Scene()
      for (const { payload: bytes, fromClient, ...ports } of datagrams) {
        const options = { ...ports, afterMs: 300 }
        if (fromClient) scene.client(Uint8Array.from(bytes), options)
        else scene.server(Uint8Array.from(bytes), options)
      }
      for (const event of watched(scene, { own: OURS, onMs: 20_000 })) expect(event.time).toBeGreaterThan(0)
    }),
    { numRuns: 60 },
  )
})
