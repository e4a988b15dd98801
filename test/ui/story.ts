/** What happens at a fake server: the boot of a faulty router, a failure, and many machines at once. */
import type { HistoryRow, TraceEntry, TransferView } from '../../ui/src/wire.ts'
import type { FakeServer } from './fake-server.ts'

const SIZE = 8_126_464
const BLKSIZE = 512
export const ARCHER_FILE = 'ArcherC2V1_tp_recovery.bin'
const ARCHER: TransferView = {
  id: 1,
  client: '192.168.0.1:2070',
  file: ARCHER_FILE,
  served: 'recovery.bin',
  direction: 'read',
  state: 'requested',
  bytes: 0,
  sizeBytes: SIZE,
  rateBytesPerSec: 0,
  blksize: BLKSIZE,
  window: 1,
  datagrams: 0,
  retransmitted: 0,
  stalls: 0,
  since: 0,
  inWords: 'It asked for the file, and has not answered the first packet yet.',
}

export const MOMENTS = ['requested', 'running', 'stalled', 'cured', 'completed'] as const
export type Moment = (typeof MOMENTS)[number]

/** The boot of a router that loses acknowledgements, one moment after the other. */
export class ArcherBoot {
  readonly #server: FakeServer
  #view: TransferView

  constructor(server: FakeServer) {
    this.#server = server
    this.#view = { ...ARCHER, since: Date.now() }
  }

  play(moment: Moment): void {
    const server = this.#server
    if (moment === 'completed') {
      this.#view = { ...this.#view, bytes: SIZE, datagrams: 16_613, retransmitted: 740, stalls: 3 }
      server.end(this.#view, 'completed', {
        crc32: '377a7dc6',
        cause: 'ack-loss',
        confidence: 0.92,
        explanation: 'Acknowledgements of the device are lost on their way here, about 37 in 1000.',
        advice:
          'Nothing for this boot: two blocks at a time made up for it. Another cable or a switch between may cure it.',
      })
      server.devices = [
        {
          name: '02:00:00:00:00:01',
          addresses: ['192.168.0.1'],
          requests: [{ identity: '02:00:00:00:00:01 timeout', learnt: [], transfers: 1 }],
          learnt: ['it gets 2 blocks at a time'],
          firstSeen: Date.now(),
          lastSeen: Date.now(),
          transfers: 1,
          failed: 0,
          refused: 0,
        },
      ]
    } else {
      this.#view = { ...this.#view, ...MOMENT_FIGURES[moment] }
      server.traces.set('1', stallTrace(moment === 'running' ? 0 : moment === 'stalled' ? 1 : 3))
      server.set(this.#view)
    }
    server.frame()
  }
}

const MOMENT_FIGURES: Record<Exclude<Moment, 'completed'>, Partial<TransferView>> = {
  requested: {},
  running: {
    state: 'running',
    bytes: 1_310_720,
    rateBytesPerSec: 2_480_000,
    datagrams: 2561,
    inWords: 'Sending one block of 512 bytes at a time.',
  },
  stalled: {
    state: 'stalled',
    bytes: 2_097_152,
    rateBytesPerSec: 0,
    datagrams: 4101,
    retransmitted: 5,
    stalls: 1,
    inWords: 'Nothing moves; the last block goes out again until it answers.',
  },
  cured: {
    state: 'running',
    bytes: 5_242_880,
    rateBytesPerSec: 4_040_000,
    datagrams: 10_733,
    retransmitted: 493,
    stalls: 3,
    window: 2,
    inWords: 'It lost three acknowledgements; sending two blocks at a time now.',
  },
}

/** Lock-step with `stalls` lost acknowledgements, each followed by repeats and a pause; afterwards two blocks at a time. */
export function stallTrace(stalls: number): TraceEntry[] {
  const trace: TraceEntry[] = [{ ms: 0, sent: false, kind: 'request', number: 1 }]
  let ms = 1
  let block = 1
  const healthy = (count: number): void => {
    for (let i = 0; i < count; i++, block++) {
      trace.push({ ms, sent: true, kind: 'data', number: block })
      ms += 0.35 + 0.1 * ((block * 7) % 5)
      trace.push({ ms, sent: false, kind: 'ack', number: block })
      ms += 0.05
    }
  }
  healthy(160)
  for (let stall = 0; stall < stalls; stall++) {
    for (const wait of [0, 40, 80, 160]) {
      ms += wait
      trace.push({ ms, sent: true, kind: 'data', number: block })
    }
    trace.push({ ms: ms + 1, sent: true, kind: 'data', number: block - 1 })
    ms += 2
    trace.push({ ms, sent: false, kind: 'ack', number: block - 1 })
    trace.push({ ms: ms + 0.1, sent: true, kind: 'data', number: block })
    ms += 0.5
    trace.push({ ms, sent: false, kind: 'ack', number: block })
    block++
    healthy(70 + 30 * stall)
  }
  return trace
}

export function failure(server: FakeServer): void {
  const view: TransferView = {
    ...ARCHER,
    id: 2,
    client: '192.168.1.1:1024',
    file: 'openwrt-initramfs.bin',
    served: undefined,
    state: 'stalled',
    bytes: 614_400,
    datagrams: 1261,
    retransmitted: 61,
    stalls: 1,
    since: Date.now() - 38_000,
  }
  server.traces.set('2', stallTrace(1))
  server.diagnoses.set('2', {
    outcome: 'failed',
    holes: { count: 0, ranges: [], because: '' },
    causes: [
      {
        id: 'dead-rx',
        confidence: 0.81,
        explanation:
          'The device stopped receiving at block 1200: its repeats of the acknowledgement end there, and nothing sent later changed anything.',
        advice:
          'Switch the device off and on, and use another of its ports; if it stops at the same place again, try `--gap 1`.',
        evidence: [
          '61 repeats of block 1201 without any answer',
          'the last acknowledgement came 30.0 s before the end',
        ],
      },
      {
        id: 'link-flap',
        confidence: 0.12,
        explanation: 'The link went down.',
        advice: 'Put a switch between the two.',
        evidence: [],
      },
    ],
  })
  server.set(view)
  server.frame()
  server.end(view, 'failed', {
    code: 'ERR_TFTP_TIMEOUT',
    reason: '192.168.1.1:1024 did not answer for 30 s, after block 1200 of 15872',
    cause: 'dead-rx',
    confidence: 0.81,
    explanation:
      'The device stopped receiving at block 1200: its repeats of the acknowledgement end there, and nothing sent later changed anything.',
    advice:
      'Switch the device off and on, and use another of its ports; if it stops at the same place again, try `--gap 1`.',
  })
  server.frame()
}

export function someFiles(server: FakeServer): void {
  const digests = {
    sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    md5: '098f6bcd4621d373cade4e832627b4f6',
    crc32: '377a7dc6',
  }
  const modified = Date.UTC(2026, 10, 12, 9, 30)
  server.files = [
    { name: 'boot/pxelinux.0', sizeBytes: 42_430, modified, ...digests },
    { name: 'openwrt-initramfs.bin', sizeBytes: 8_126_464, modified, ...digests },
    { name: 'recovery.bin', sizeBytes: SIZE, modified, ...digests },
    { name: 'hello.txt', sizeBytes: 62, modified, ...digests },
  ]
}

/** `count` rows of an older history. */
export function olderHistory(count: number): HistoryRow[] {
  const outcomes = ['completed', 'completed', 'completed', 'failed', 'superseded', 'refused']
  return Array.from({ length: count }, (_, index) => {
    const outcome = outcomes[index % outcomes.length]
    const bytes = outcome === 'refused' ? 0 : outcome === 'completed' ? SIZE : 614_400
    return {
      id: count - index,
      started: new Date(Date.now() - 3_600_000 * (index + 1)).toISOString(),
      ms: 2010 + index,
      address: `192.168.0.${(index % 200) + 1}`,
      port: 2070,
      mac: `02:00:00:00:00:${(index % 200).toString(16).padStart(2, '0')}`,
      direction: index % 9 === 8 ? 'write' : 'read',
      asked: index % 2 === 0 ? 'recovery.bin' : 'boot/initrd.img',
      optionsAsked: 'tsize=0 blksize=1468',
      optionsAgreed: 'tsize=8126464 blksize=1468',
      outcome,
      bytes,
      sizeBytes: SIZE,
      blocks: Math.ceil(bytes / 1468),
      datagrams: Math.ceil(bytes / 1468) + (index % 7),
      repeats: index % 7,
      window: 1,
      blksize: 1468,
      stalls: index % 3,
      hasTrace: false,
      ...(outcome === 'failed'
        ? { code: 'ERR_TFTP_TIMEOUT', reason: 'it did not answer for 30 s', cause: 'ack-loss' }
        : {}),
    }
  })
}

/** `count` machines that boot at the same time. */
export function crowd(count: number, tick = 0): TransferView[] {
  return Array.from({ length: count }, (_, index) => {
    const sizeBytes = 40_000_000
    const isStalled = index % 97 === 5
    return {
      ...ARCHER,
      id: 10_000 + index,
      client: `10.1.${index >> 8}.${index & 255}:${2000 + (index % 1000)}`,
      file: index % 3 === 0 ? 'vmlinuz' : 'initrd.img',
      served: undefined,
      state: isStalled ? 'stalled' : 'running',
      bytes: isStalled ? 1_000_000 : (tick * 400_000 + index * 7919) % sizeBytes,
      sizeBytes,
      rateBytesPerSec: isStalled ? 0 : 3_000_000 + ((index * 7919 + tick * 104_729) % 2_000_000),
      blksize: 1468,
      window: 16,
      datagrams: 1000 + tick,
      retransmitted: index % 11,
      since: 1_780_000_000_000 + index,
      inWords: 'Sending 16 blocks of 1468 bytes at a time.',
    }
  })
}

/** Names that would run, recolour, reverse or break a page that trusts them. */
export const HOSTILE_NAMES: readonly string[] = [
  '<script>window.pwned=1</script>',
  '<img src=x onerror="window.pwned=1">',
  '"><svg onload=window.pwned=1>',
  "' onmouseover='window.pwned=1",
  'javascript:window.pwned=1',
  '</bdi></a><iframe srcdoc="<script>parent.pwned=1</script>">',
  '&lt;b&gt;&#x3c;script&#x3e;',
  '{{constructor.constructor("window.pwned=1")()}}',
  '${window.pwned=1}',
  '\u202Egnp.elif\u202C.exe',
  '\u2066\u2067\u2068nested\u2069\u2069',
  'evil\u202D\u202Etxt.sh',
  '\u001B[2J\u001B[31mred\u001B]0;title\u0007',
  '\u009B31mcsi',
  'a\0b\nc\rd\te',
  '\uD800lone\uDFFF',
  'zero\u200Bwidth\u200D\uFEFF',
  `z${'\u0301\u0324\u033D\u0347'.repeat(40)}algo`,
  'العربية/../../etc/passwd',
  'x'.repeat(500),
  '',
  '   ',
  '../../../etc/passwd',
  'C:\\boot\\x64\\wdsnbp.com',
  '%3Cscript%3E%00',
  '__proto__',
  'constructor',
  '\u2028line\u2029separators',
  '🏴󠁧󠁢󠁥󠁮󠁧󠁿 tag 😀',
  'data:text/html,<script>window.pwned=1</script>',
]
