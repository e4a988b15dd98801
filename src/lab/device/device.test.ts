import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FAULT_ROWS } from '../fault/catalogue.ts'
import { DEVICES } from './catalogue.ts'
import { CLIENTS } from './clients.ts'
import { bootDevice, canHave, type Device, faultsText, withFaults } from './device.ts'
import { CLIENT_FAULTS, DEVICE_FAULTS } from './faults.ts'
import { JsonSyntaxError, readJson } from './json.ts'
import { didYouMean, nearest } from './nearest.ts'
import { parseDevice, readFaults } from './schema.ts'

const DATA = join(import.meta.dirname, 'data')
const boot = (device: Device, seed = 1) => bootDevice(device, { seed, sizeBytes: 5000 })

describe('devices that come with the lab', () => {
  test('every data file is in the table, under its own name, and is the same read as text', () => {
    const files = readdirSync(DATA).sort()
    expect(files).toEqual(
      Object.keys(DEVICES)
        .map((name) => `${name}.json`)
        .sort(),
    )
    for (const file of files) {
      const device = parseDevice(readFileSync(join(DATA, file), 'utf8'), file)
      expect(`${device.name}.json`).toBe(file)
      expect(device).toEqual(DEVICES[device.name])
    }
  })

  test('every client model has a device', () => {
    const models = new Set(Object.values(DEVICES).map((device) => device.client.model))
    expect([...models].sort()).toEqual(Object.keys(CLIENTS).sort())
  })

  test('every client boots with nothing said and asks for something', () => {
    for (const [model, row] of Object.entries(CLIENTS)) {
      const text = JSON.stringify({ name: 'x', description: 'x', source: 'x', client: { model } })
      const { client } = boot(parseDevice(text, 'x.json'))
      const sent: number[] = []
      client.attach({ send: (_now, buffer, offset) => void sent.push(buffer[offset + 1]) })
      client.handleTimer(0)
      expect(sent, row.about).toEqual([1])
    }
  })
})

describe('boot', () => {
  const faulty = DEVICES['archer-c2-faulty']

  test('the same seed draws the same, another seed another unit', () => {
    expect(boot(faulty, 7).drawn).toEqual(boot(faulty, 7).drawn)
    expect(boot(faulty, 7).drawn).not.toEqual(boot(faulty, 8).drawn)
  })

  test('log-uniform from 1 to 30 %: half of the units below the geometric middle', () => {
    const shares = Array.from({ length: 2000 }, (_, seed) => boot(faulty, seed).drawn['ack-loss.p'])
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.01)
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.3)
    const below = shares.filter((p) => p < Math.sqrt(0.01 * 0.3)).length / shares.length
    expect(below).toBeGreaterThan(0.46)
    expect(below).toBeLessThan(0.54)
  })

  test('places faults on their direction, and several together', () => {
    const device = withFaults(faulty, readFaults('ack-loss+rx-ring:descriptors=2+reorder'))
    const { up, down } = boot(device)
    expect(up.faults?.map(({ type }) => type)).toEqual(['loss', 'reorder'])
    expect(down.faults?.map(({ type }) => type)).toEqual(['rx-ring', 'reorder'])
  })

  test('slow-flash and console-slow reach the client', () => {
    const device = withFaults(faulty, readFaults('slow-flash:everyBlocks=2,pauseMs=50+console-slow:baud=300'))
    const { client } = boot(device)
    client.attach({ send: () => {} })
    client.handleTimer(0)
    const data = (block: number): void => {
      const packet = new Uint8Array(516)
      packet.set([0, 3, 0, block])
      client.handleDatagram(10, packet, 0, 516, 4000, 2070)
    }
    data(1)
    data(2)
    // Busy from its second block on: the third waits in its ring until the flash is written.
    data(3)
    expect(client.deadline).toBe(60)
    expect(canHave(DEVICES.curl, 'console-slow')).toBe(false)
  })

  test('a loss comes in bursts of the length that the device file says, whole numbers where it is drawn', () => {
    const text = (burst: number | object): string =>
      JSON.stringify({
        name: 'x',
        description: 'x',
        source: 'x',
        client: { model: 'curl' },
        faults: [{ fault: 'ack-loss', p: 0.2, burst }],
      })
    /** Lengths of the runs of lost datagrams among many. */
    const runsOf = (device: Device): Set<number> => {
      const [fault] = boot(device).up.faults ?? []
      const lengths: number[] = [0]
      for (let i = 0; i < 2000; i++) {
        let passed = false
        fault.apply(
          0,
          { buffer: new Uint8Array(4), offset: 0, length: 4, from: 1, to: 2 },
          { pass: () => (passed = true) },
        )
        if (!passed) lengths[lengths.length - 1]++
        else if (lengths.at(-1) !== 0) lengths.push(0)
      }
      return new Set(lengths.slice(0, -1))
    }
    // Two bursts may follow each other.
    for (const length of runsOf(parseDevice(text(4), 'x'))) expect(length % 4).toBe(0)
    const drawn = Array.from({ length: 200 }, (_, seed) => boot(parseDevice(text({ logUniform: [1, 8] }), 'x'), seed))
    const bursts = new Set(drawn.map((one) => one.drawn['ack-loss.burst']))
    expect([...bursts].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('distributions of all three kinds', () => {
    const text = (delayMs: object): string =>
      JSON.stringify({ name: 'x', description: 'x', source: 'x', client: { model: 'curl' }, link: { delayMs } })
    const delay = (drawnFrom: object): number => boot(parseDevice(text(drawnFrom), 'x')).up.delayMs ?? -1
    expect([3, 4]).toContain(delay({ oneOf: [3, 4] }))
    expect(delay({ uniform: [5, 6] })).toBeGreaterThanOrEqual(5)
    expect(delay({ logUniform: [5, 5] })).toBe(5)
  })
})

test('every fault has its place and bounds that hold its usual values', () => {
  expect(Object.keys(DEVICE_FAULTS)).toEqual([...Object.keys(FAULT_ROWS), ...Object.keys(CLIENT_FAULTS)])
  for (const { parameters } of [...Object.values(DEVICE_FAULTS), ...Object.values(CLIENTS)]) {
    for (const { min, max, usual } of Object.values(parameters)) {
      expect(usual).toBeGreaterThanOrEqual(min)
      expect(usual).toBeLessThanOrEqual(max)
    }
  }
})

describe('faults as a person types them', () => {
  test.each([
    ['none', []],
    ['ack-loss', [{ fault: 'ack-loss', values: {} }]],
    ['ack-loss:p=0.05,burst=2', [{ fault: 'ack-loss', values: { p: 0.05, burst: 2 } }]],
    ['ack-loss:p=0.01..0.3', [{ fault: 'ack-loss', values: { p: { logUniform: [0.01, 0.3] } } }]],
    ['rx-ring:descriptors=1|2|4', [{ fault: 'rx-ring', values: { descriptors: { oneOf: [1, 2, 4] } } }]],
    ['eee-wake:idleMs=1--9', [{ fault: 'eee-wake', values: { idleMs: { uniform: [1, 9] } } }]],
    [
      'reorder+duplicate',
      [
        { fault: 'reorder', values: {} },
        { fault: 'duplicate', values: {} },
      ],
    ],
  ])('%s, there and back', (text, faults) => {
    const read = withFaults(DEVICES.curl, readFaults(text)).faults
    expect(read).toEqual(faults)
    expect(faultsText(read)).toBe(text)
  })

  test.each([
    ['ack-los', /^unknown fault `ack-los`; did you mean ack-loss\?$/],
    ['xyzzy', /known: none, ack-loss/],
    ['ack-loss:q=1', /has no parameter `q`/],
    ['ack-loss:p=1.5', /p: share that is lost: expected a number from 0 to 0.999, or LOW..HIGH .* found `1.5`/],
    ['ack-loss:p=0.3..0.1', /LOW\.\.HIGH/],
    ['ack-loss:p=', /found ``/],
    ['ack-loss:burst=0', /^ack-loss:burst: datagrams lost in a row: expected a whole number from 1 to 65535, or LOW/],
    ['data-loss:burst=2.5', /burst: .*whole number from 1 to 65535.* found `2\.5`$/],
    ['ack-loss:burst=0..4', /burst: .*found `0\.\.4`$/],
    ['dead-rx:p=1', /it takes none/],
    ['toString', /unknown fault/],
    ['ack-loss:constructor=1', /no parameter `constructor`/],
  ])('%s', (text, message) => {
    expect(() => readFaults(text)).toThrow(message)
  })
})

describe('a data file with a mistake: file, line, what was expected', () => {
  const good = [
    '{',
    '  "name": "x",',
    '  "description": "d",',
    '  "source": "s",',
    '  "client": { "model": "uboot-1.1.3", "timeoutMs": 1000 },',
    '  "faults": [',
    '    { "fault": "ack-loss",',
    '      "p": { "logUniform": [0.01, 0.3] } }',
    '  ]',
    '}',
  ]
  const broken = (line: number, from: string, to: string): string =>
    good.map((text, index) => (index === line - 1 ? text.replace(from, to) : text)).join('\n')

  test('the good one', () => expect(parseDevice(good.join('\n'), 'x.json').name).toBe('x'))

  test.each<[number, string, string, RegExp]>([
    [2, '"x"', '"X Y"', /^x\.json:2: name: expected lower-case letters.*found `"X Y"`/],
    [3, 'description', 'descripton', /:3: descripton: unknown parameter `descripton`; did you mean description\?/],
    [4, '"s"', '7', /:4: source: expected a text of one line.*found `7`/],
    [5, 'uboot-1.1.3', 'uboot-113', /:5: client\.model: unknown client `uboot-113`; did you mean .*uboot-1\.1\.3/],
    [5, 'timeoutMs', 'timeout', /:5: client\.timeout: unknown parameter `timeout`; did you mean timeoutMs\?/],
    [5, '1000', '"1 s"', /:5: client\.timeoutMs: expected milliseconds of its own timer: a number from 1 to 255000/],
    [7, 'ack-loss', 'ackloss', /:7: faults\[0\]\.fault: unknown fault `ackloss`; did you mean ack-loss/],
    [8, '"p"', '"q"', /:8: faults\[0\]\.q: unknown parameter/],
    [8, '0.3', '3', /:8: faults\[0\]\.p\.logUniform\[1\]: expected share that is lost: a number from 0 to 0\.999/],
    [8, 'logUniform', 'logUnifrom', /:8: .*found `logUnifrom`; did you mean/],
    [8, '0.01, 0.3', '0.3, 0.01', /:8: faults\[0\]\.p: expected two numbers, the lower one first/],
    [8, '0.01', '0', /:8: faults\[0\]\.p: expected two numbers above 0/],
    [
      8,
      '"p": { "logUniform": [0.01, 0.3] }',
      '"burst": 0',
      /^x\.json:8: faults\[0\]\.burst: expected datagrams lost in a row: a whole number from 1 to 65535, found `0`$/,
    ],
    [8, '"p": { "logUniform": [0.01, 0.3] }', '"burst": 1.5', /burst: .*a whole number from 1 to 65535, found `1\.5`$/],
    [8, '"p": { "logUniform": [0.01, 0.3] }', '"burst": { "uniform": [0, 4] }', /burst\.uniform\[0\]: .*found `0`$/],
    [8, '[0.01, 0.3]', '[]', /:8: .*two numbers/],
    [5, '},', '}', /:6: expected a comma or }, found `"faults": \[`/],
    [8, '[0.01', '[0.0.1', /:8: expected a value/],
    [2, '"x",', '"x", "name": "y",', /:2: expected "name" only once/],
    [10, '}', '', /:10: expected a comma or }, found the end of the file/],
    [10, '}', '} }', /:10: expected nothing more/],
  ])('line %i, %s > %s', (line, from, to, message) => {
    expect(() => parseDevice(broken(line, from, to), 'x.json')).toThrow(message)
  })

  test('a missing part is told at the line of what lacks it; a fault that the client cannot have is refused', () => {
    expect(() => parseDevice(broken(5, '"model": "uboot-1.1.3", ', ''), 'x.json')).toThrow(
      /:5: client\.model: expected the name of a client, found nothing/,
    )
    const curl = good.join('\n').replace('uboot-1.1.3', 'curl').replace('ack-loss', 'console-slow')
    expect(() => parseDevice(curl.replace('"p": { "logUniform": [0.01, 0.3] }', '"baud": 9600'), 'x.json')).toThrow(
      /:7: .*curl cannot have console-slow/,
    )
  })

  test('nesting has a limit', () => {
    expect(() => readJson('['.repeat(1000))).toThrow(JsonSyntaxError)
  })

  test.each(['null', 'true', '-1.5e3', '"a\\u0041\\n"', '[]', '{}', '[1, [2, {"a": [3]}]]', ' {"a" : {"b":1}} '])(
    'reads %s as JSON.parse does',
    (text) => expect(readJson(text).value).toEqual(JSON.parse(text)),
  )
})

describe('nearest names', () => {
  test.each([
    ['archer-c2-fautly', ['archer-c2-faulty']],
    ['ack', ['ack-loss', 'ack-stale']],
    ['zzz', []],
  ])('%s', (wanted, first) => {
    const names = [...Object.keys(DEVICES), ...Object.keys(FAULT_ROWS)]
    expect(nearest(wanted, names).slice(0, Math.max(1, first.length))).toEqual(first)
    expect(nearest(wanted, names).length).toBeLessThanOrEqual(3)
  })

  test('nothing near: all of them', () => expect(didYouMean('q', ['alpha', 'beta'])).toBe('; known: alpha, beta'))
})
