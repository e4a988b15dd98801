/** One boot of the lab, as a capture at the server shows it, and what was wrong in truth. */
import type { CapturedTransfer } from '../../src/capture/index.ts'
import type { Device, DeviceFault, Draws } from '../../src/lab/device/device.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import { type ExperimentResult, patternedImage } from '../../src/lab/experiment.ts'
import type { Fault, Frame, LinkOptions, ServerName } from '../../src/lab/index.ts'
import { captureOfDevice } from '../golden/capture-of-lab.ts'
import { readAll } from '../golden/capture-scene.ts'

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
  /** The same from the device to the server, and to the device. */
  readonly harmedUp: number
  readonly harmedDown: number
}

export function play(lab: LabCase): PlayedCase {
  const { server, sizeBytes, seed } = lab
  const counts = [{ harmed: 0 }, { harmed: 0 }]
  const [up, down] = counts
  const links = [...counts]
  const image = patternedImage(sizeBytes, 1)
  const { file, result } = captureOfDevice(deviceOf(lab), server, image, seed, (options) =>
    counted(options, links.shift()!),
  )
  const harmed = up.harmed + down.harmed
  return { transfers: readAll(file).transfers, result, harmed, harmedUp: up.harmed, harmedDown: down.harmed }
}

export function deviceOf({ client, values = {}, faults, link = {} }: LabCase): Device {
  return { name: client, description: '', source: '', client: { model: client, values }, faults, link }
}

/** The attempt that got furthest. */
export function mainOf(transfers: readonly CapturedTransfer[]): CapturedTransfer | undefined {
  return transfers.toSorted((a, b) => b.packets.seen - a.packets.seen)[0]
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
