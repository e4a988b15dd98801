import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pcapngDatagram, pcapngHeader } from '../../src/capture/pcapng.ts'
import { encodeError, encodeOack, encodeRequest, writeAck, writeDataHeader } from '../../src/packet/index.ts'

const hasTshark = spawnSync('tshark', ['--version']).status === 0

const CLIENT = 50_123
const SERVER = 40_456
const data = new Uint8Array(4 + 1468).fill(0x5a)
writeDataHeader(data, 0, 1)
const ack = new Uint8Array(4)
writeAck(ack, 0, 1)

/** One conversation: port and payload of each datagram, in order; `true` comes from the client. */
const CONVERSATION: readonly [boolean, Uint8Array][] = [
  [
    true,
    encodeRequest({
      opcode: 1,
      filename: 'uImage',
      mode: 'octet',
      options: [
        { name: 'timeout', value: '5' },
        { name: 'blksize', value: '1468' },
      ],
    }),
  ],
  [false, encodeOack([{ name: 'blksize', value: '1468' }])],
  [false, data],
  [true, ack],
  [false, encodeError(1, 'the file is gone')],
]

const FIELDS = [
  'tftp.opcode',
  'tftp.source_file',
  'tftp.block',
  'tftp.error.code',
  'tftp.error.message',
  'tftp.option.value',
  'frame.time_epoch',
  'udp.checksum.status',
]

test.skipIf(!hasTshark).each([
  ['IPv4', '192.168.0.1', '192.168.0.66'],
  ['IPv6', 'fe80::1%eth0', 'fe80::2'],
])('tshark reads a capture over %s, checksums and all', (_, client, server) => {
  const blocks = [pcapngHeader('a capture by the tests')]
  for (const [index, [fromClient, payload]] of CONVERSATION.entries()) {
    const serverPort = index === 0 ? 69 : SERVER
    blocks.push(
      pcapngDatagram({
        timeUs: 1_700_000_000_000_001 + index,
        source: fromClient ? client : server,
        destination: fromClient ? server : client,
        sourcePort: fromClient ? CLIENT : serverPort,
        destinationPort: fromClient ? serverPort : CLIENT,
        payload,
      }),
    )
  }
  const checks = ['-o', 'udp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE']
  // tshark reads regular files only.
  const folder = mkdtempSync(join(tmpdir(), 'foresend-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const capture = join(folder, 'conversation.pcapng')
  writeFileSync(capture, Buffer.concat(blocks))
  const fields = FIELDS.flatMap((field) => ['-e', field])
  const rows = tshark(capture, [...checks, '-T', 'fields', '-E', 'separator=|', ...fields])
  const good = '1'
  const time = (index: number) => `1700000000.00000${index + 1}000`
  expect(rows.trim().split('\n')).toEqual([
    `1|uImage||||5,1468|${time(0)}|${good}`,
    `6|||||1468|${time(1)}|${good}`,
    `3||1||||${time(2)}|${good}`,
    `4||1||||${time(3)}|${good}`,
    `5|||1|the file is gone||${time(4)}|${good}`,
  ])
  expect(
    tshark(capture, [...checks, '-Y', '_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0']),
  ).toBe('')
})

function tshark(capture: string, args: readonly string[]): string {
  const run = spawnSync('tshark', ['-n', '-r', capture, ...args], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`tshark ended with ${run.status}: ${run.stderr}`)
  return run.stdout
}
