import { describe, expect, test } from 'vitest'
import { parseConfig, requireSameFixed } from './config.ts'
import type { ServerConfigInput } from './contract.ts'

describe('parseConfig', () => {
  test('fills in what was left out', () => {
    expect(parseConfig({ path: 'images' })).toEqual({
      content: { type: 'path', path: 'images' },
      hosts: [],
      port: 69,
      window: 'auto',
      driver: 'auto',
      workers: 'auto',
      writable: false,
      overwrite: false,
      singlePort: false,
      allow: [],
    })
  })

  test('is plain data that crosses threads as it is, and stays the same when it is read again', () => {
    const content = { type: 'folders', roots: ['a', 'b'] } as const
    const config = parseConfig({ content, window: 4, gapMs: 0.5, allow: ['203.0.113.0/24'], hosts: ['::1'] })
    expect(structuredClone(config)).toEqual(config)
    expect(parseConfig(config)).toEqual(config)
  })

  test.each<[string, object, RegExp]>([
    ['no content', {}, /^content is missing/],
    ['content of no kind', { content: { type: 'tape' } }, /^content.*takes \{ type: "path"/],
    ['no folder', { content: { type: 'folders', roots: [] } }, /^content\.roots \[\] .*at least one folder/],
    ['a host that is a name', { path: '.', hosts: ['router'] }, /^--host router is not right.*IP address/],
    ['a port', { path: '.', port: 70_000 }, /^--port 70000 .*0 to 65535/],
    ['half a port', { path: '.', port: 69.5 }, /^--port 69\.5 .*whole number/],
    ['a port as text', { path: '.', port: '69' }, /^--port 69 .*whole number/],
    ['a window of none', { path: '.', window: 0 }, /^--window 0 .*auto, strict, or blocks on the way: 1 to 64/],
    ['a window of another word', { path: '.', window: 'wide' }, /^--window wide/],
    ['a driver', { path: '.', driver: 'fast' }, /^--driver fast .*auto, dgram or batch/],
    ['workers', { path: '.', workers: 65 }, /^--workers 65 .*1 to 64/],
    ['a network', { path: '.', allow: ['home/8'] }, /^--allow home\/8 .*203\.0\.113\.0\/24/],
    ['a flag', { path: '.', writable: 1 }, /^writable 1 .*true or false/],
    ['copies', { path: '.', copies: 9 }, /^copies 9 .*1 to 8/],
    ['a name of nothing', { path: '.', onEvent: () => {} }, /^onEvent is no setting/],
    ['overwrite without writable', { path: '.', overwrite: true }, /add --writable/],
    ['two windows', { path: '.', window: 2, anticipationBytes: 1000 }, /only one of them/],
    [
      'groups of no group',
      { path: '.', multicast: '10.0.0.0-5' },
      /^--multicast 10\.0\.0\.0-5 .*such as 239\.255\.0\.0-255/,
    ],
    ['ports without groups', { path: '.', multicastPorts: '1758' }, /need --multicast/],
    ['groups in several threads', { path: '.', multicast: '239.255.0.0-5', workers: 2 }, /leave --workers out/],
    ['a window in bytes', { path: '.', maxWindowBytes: 7 }, /^--max-window-bytes 7 .*from 8/],
    ['strict with copies', { path: '.', window: 'strict', copies: 2 }, /to the letter/],
  ])('%s: one line with the key, what was given and what is allowed', (_what, input, words) => {
    const error = (() => {
      try {
        parseConfig(input as ServerConfigInput)
        return undefined
      } catch (thrown) {
        return thrown as Error & { code: string }
      }
    })()
    expect(error?.code).toBe('ERR_TFTP_USAGE')
    expect(error?.message).toMatch(words)
    expect(error?.message).not.toContain('\n')
  })
})

test.each([
  'hosts',
  'port',
  'driver',
  'workers',
  'singlePort',
  'record',
  'recordFailed',
  'recordFiles',
  'recordMib',
  'maxTransfers',
  'maxTransfersPerAddress',
] as const)('%s cannot change while the server runs', (key) => {
  const other = {
    hosts: ['::1'],
    port: 70,
    driver: 'dgram',
    workers: 2,
    singlePort: true,
    record: 'x',
    recordFailed: true,
    recordFiles: 2,
    recordMib: 2,
    maxTransfers: 5,
    maxTransfersPerAddress: 5,
  } as const
  const before = parseConfig({ path: '.' })
  requireSameFixed(before, parseConfig({ path: 'other', writable: true, window: 3, allow: ['::/0'] }))
  expect(() => requireSameFixed(before, { ...before, [key]: other[key] })).toThrow(/cannot change/)
})
