import { describe, expect, test } from 'vitest'
import { acceptGroupOack, asksForGroup, groupOack, negotiateGroup } from './group-agreement.ts'
import { groupOption, parseGroupOption } from './group-option.ts'

const GROUP = { address: '239.255.0.1', port: 1758 }

describe('the value of the option', () => {
  test.each([
    ['239.255.0.1,1758,1', { group: GROUP, isMaster: true }],
    ['239.255.0.1,1758,0', { group: GROUP, isMaster: false }],
    [',,1', { group: undefined, isMaster: true }],
    [',,0', { group: undefined, isMaster: false }],
  ])('%s', (value, answer) => expect(parseGroupOption(value)).toEqual(answer))

  test.each([
    '',
    '239.255.0.1,1758',
    '10.0.0.1,1758,1',
    '224.0.0.1,1758,1',
    '239.255.0.1,0,1',
    '239.255.0.1,65536,1',
    '239.255.0.1,1758,2',
    ',1758,1',
    '239.255.0.256,1758,1',
    '::1,1758,1',
    ' 239.255.0.1,1758,1',
  ])('%j is none', (value) => expect(parseGroupOption(value)).toBeUndefined())

  test('what is written is read', () => {
    expect(parseGroupOption(groupOption(GROUP, true).value)).toEqual({ group: GROUP, isMaster: true })
  })
})

describe('the agreement', () => {
  const limits = { maxBlksize: 1428, maxWindowsize: 64, maxWindowBytes: 65_536, refuse: new Set<string>() }
  const request = {
    opcode: 1,
    filename: 'image',
    mode: 'octet',
    options: [
      { name: 'windowsize', value: '8' },
      { name: 'multicast', value: '' },
      { name: 'blksize', value: '9000' },
      { name: 'rollover', value: '1' },
      { name: 'tsize', value: '0' },
    ],
  } as const

  test('server: everything but windows and rollovers, in the order asked', () => {
    expect(asksForGroup(request)).toBe(true)
    const agreed = negotiateGroup(request, 1000, limits, GROUP)
    expect(agreed).toMatchObject({ blksize: 1428, windowsize: 1, windowNegotiated: false, group: GROUP })
    const texts = agreed.oack.map(({ name, value }) => `${name}=${value}`)
    expect(texts).toEqual(['multicast=239.255.0.1,1758,0', 'blksize=1428', 'tsize=1000'])
    const packet = String.fromCharCode(...groupOack(agreed.oack, GROUP, true))
    expect(packet).toBe('\0\x06multicast\x00239.255.0.1,1758,1\0blksize\x001428\0tsize\x001000\0')
  })

  const offered = [
    { name: 'blksize', value: '1024' },
    { name: 'multicast', value: '' },
  ]

  test('client: the group and who leads, beside what else was agreed', () => {
    const answered = [
      { name: 'multicast', value: '239.255.0.1,1758,1' },
      { name: 'blksize', value: '512' },
    ]
    expect(acceptGroupOack(offered, answered)).toMatchObject({
      ok: true,
      value: { agreed: { blksize: 512, group: GROUP }, answer: { group: GROUP, isMaster: true } },
    })
  })

  test('client: without a group it is a transfer like any other', () => {
    const accepted = acceptGroupOack(offered, [{ name: 'blksize', value: '512' }])
    expect(accepted.ok && accepted.value.agreed.group).toBeUndefined()
  })

  test.each([
    [[{ name: 'multicast', value: ',,1' }]],
    [[{ name: 'multicast', value: '10.0.0.1,1758,1' }]],
    [
      [
        { name: 'multicast', value: '239.255.0.1,1758,1' },
        { name: 'tsize', value: '5' },
      ],
    ],
  ])('client: %j is a fault', (answered) => {
    expect(acceptGroupOack(offered, answered)).toMatchObject({ ok: false, wireCode: 8 })
  })
})
