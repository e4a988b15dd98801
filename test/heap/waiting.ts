/**
 * Counts what a waiting transfer holds: `node --expose-gc test/heap/waiting.ts` prints, as JSON, the heap objects and bytes of each of a
 * thousand transfers that have begun and wait for their first ACK. Counted from heap snapshots before and after; strings and numbers are left
 * out of the objects, not of the bytes.
 */
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeHeapSnapshot } from 'node:v8'
import { Endpoint, type EndpointSink } from '../../src/endpoint/endpoint.ts'
import { encodeRequest } from '../../src/packet/index.ts'
import { choosePolicy } from '../../src/transfer/policy/choose.ts'

/** What is made once, and tables that grow now and then, is settled after these. */
const WARM = 600
const COUNTED = 1000
const IMAGE_BYTES = 1_000_000

const collect = (globalThis as { gc?: () => void }).gc
if (collect === undefined) throw new Error('node --expose-gc is needed')

let now = 1000.5
const nothing = (): void => {}
const sink: EndpointSink = {
  open: (transfer) => void endpoint.acceptRead(now, transfer, IMAGE_BYTES),
  sendBlocks: nothing,
  sendControl: nothing,
  reply: nothing,
  store: nothing,
  finish: nothing,
  event: nothing,
  close: nothing,
  deadline: nothing,
}
const device = { known: false, patient: false }
const endpoint = new Endpoint(
  {
    limits: { maxBlksize: 65_464, maxWindowsize: 1024, maxWindowBytes: 512 * 1024, refuse: new Set<string>() },
    writable: false,
    maxHalfOpen: WARM + COUNTED,
    prepare: (_transfer, agreed) => ({ policy: choosePolicy({ window: 'auto' }, agreed, device), device }),
  },
  sink,
)

for (let i = 0; i < WARM; i++) ask(i)
staySilent()
// The first snapshot makes objects of its own that stay.
count()
const before = count()
for (let i = WARM; i < WARM + COUNTED; i++) ask(i)
staySilent()
const after = count()
const per = (key: 'objects' | 'bytes'): number => (after[key] - before[key]) / COUNTED
console.log(JSON.stringify({ objects: per('objects'), bytes: per('bytes') }))

function ask(i: number): void {
  now += 0.37
  const packet = encodeRequest({ opcode: 1, filename: `file-${i}.bin`, mode: 'octet', options: [] })
  const peer = { address: `10.0.${i >> 8}.${i & 255}`, port: 2000 + i, local: '10.9.9.9', near: true }
  endpoint.handleRequest(now, peer, packet, 0, packet.length)
}

/** DATA 1 leaves again, and the transfers count as stalled. */
function staySilent(): void {
  for (let i = 0; i < 4; i++) endpoint.handleTimer((now += 600))
}

function count(): { objects: number; bytes: number } {
  collect?.()
  collect?.()
  const path = writeHeapSnapshot(join(tmpdir(), `waiting-${process.pid}.heapsnapshot`))
  const { snapshot, nodes } = JSON.parse(readFileSync(path, 'utf8')) as Snapshot
  rmSync(path)
  const { node_fields: fields, node_types: types } = snapshot.meta
  const counted = new Set(['object', 'array', 'closure'].map((type) => types[0].indexOf(type)))
  const sizeAt = fields.indexOf('self_size')
  let objects = 0
  let bytes = 0
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (counted.has(nodes[at])) objects++
    bytes += nodes[at + sizeAt]
  }
  return { objects, bytes }
}

interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly [readonly string[]] }
  }
  readonly nodes: readonly number[]
}
