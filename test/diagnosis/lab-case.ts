/** One boot of the lab, as a capture at the server shows it, and what was wrong in truth. */
import { pcapngDatagram, pcapngHeader } from '../../src/capture/pcapng.ts'
import type { CapturedTransfer } from '../../src/capture/index.ts'
import { bootDevice, type DeviceFault, type Draws } from '../../src/lab/device/device.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import { DAY_MS, type ExperimentResult, patternedImage, runExperiment } from '../../src/lab/experiment.ts'
import {
  type Fault,
  type Frame,
  type LinkOptions,
  type LinkTap,
  Rng,
  SERVERS,
  type ServerName,
  serverNode,
} from '../../src/lab/index.ts'
import { mostDatagrams } from '../../src/lab/run.ts'
import { concat } from '../golden/capture-maker.ts'
import { CLIENT, readAll, SERVER } from '../golden/capture-scene.ts'

export interface LabCase {
  readonly client: ClientName
  readonly values?: Draws
  readonly faults: readonly DeviceFault[]
  readonly server: ServerName
  readonly link?: Draws
  readonly sizeBytes: number
  readonly seed: number
}

export interface PlayedCase {
  /** In the order of their requests. */
  readonly transfers: readonly CapturedTransfer[]
  readonly result: ExperimentResult
  /** Datagrams that a fault of the link lost, delayed, changed or copied. */
  readonly harmed: number
}

const START_MS = 1_700_000_000_000
const NOTHING = (): void => {}

export function play(lab: LabCase): PlayedCase {
  const { client, values = {}, faults, server, link = {}, sizeBytes, seed } = lab
  const device = { name: client, description: '', source: '', client: { model: client, values }, faults, link }
  const booted = bootDevice(device, { seed, sizeBytes })
  const image = patternedImage(sizeBytes, 1)
  const blocks: Uint8Array[] = [pcapngHeader('lab')]
  const add = (now: number, frame: Frame, fromClient: boolean): void => {
    const [from, to] = fromClient ? [CLIENT, SERVER] : [SERVER, CLIENT]
    blocks.push(
      pcapngDatagram({
        timeUs: Math.round((START_MS + now) * 1000),
        source: from.address,
        destination: to.address,
        sourcePort: frame.from,
        destinationPort: frame.to,
        payload: frame.buffer.subarray(frame.offset, frame.offset + frame.length),
      }),
    )
  }
  const up: LinkTap = { sent: NOTHING, arrived: (now, frame) => add(now, frame, true) }
  const down: LinkTap = { sent: (now, frame) => add(now, frame, false), arrived: NOTHING }
  const count = { harmed: 0 }
  const most = mostDatagrams(sizeBytes)
  const result = runExperiment({
    client: booted.client,
    server: serverNode(SERVERS[server], { image, rng: new Rng(seed, `server ${server}`) }),
    image,
    up: { ...counted(booted.up, count), tap: up },
    down: { ...counted(booted.down, count), tap: down },
    limits: { untilMs: DAY_MS, maxDatagrams: 2 * most, maxSent: most },
  })
  return { transfers: readAll(concat(blocks)).transfers, result, harmed: count.harmed }
}

/** The same link, whose faults are watched. */
function counted(link: LinkOptions, count: { harmed: number }): LinkOptions {
  return { ...link, faults: (link.faults ?? []).map((fault) => watched(fault, count)) }
}

/** A fault is an object with accessors: it is watched from outside. */
function watched(fault: Fault, count: { harmed: number }): Fault {
  const apply = fault.apply.bind(fault)
  fault.apply = (now, frame, out) => {
    let passed = 0
    let whole = false
    apply(now, frame, {
      pass: (f, delayMs) => {
        passed++
        // The datagram itself, at once; a copy of another one may stand in its place.
        if (delayMs === 0 && f.length === frame.length && sameHead(f, frame)) whole = true
        out.pass(f, delayMs)
      },
    })
    if (passed !== 1 || !whole) count.harmed++
  }
  return fault
}

const HEAD_BYTES = 4

function sameHead(a: Frame, b: Frame): boolean {
  for (let i = 0; i < HEAD_BYTES; i++) if (a.buffer[a.offset + i] !== b.buffer[b.offset + i]) return false
  return true
}
