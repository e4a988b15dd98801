/** What a capture shows of each device in it, in the words of the profiles: requests as they were spelt, ports, behaviour, addresses. */
import { type RequestFingerprint, requestFingerprint } from '../profile/fingerprint.ts'
import type { SeenBehaviour } from '../profile/behaviour.ts'
import type { AskedOnce } from '../profile/learn.ts'
import type { CapturedTransfer } from './contract.ts'
import { diagnose } from './diagnosis/index.ts'
import { type FragmentedPacket } from './flow/flow.ts'
import { FlowTracker } from './flow/flow-tracker.ts'
import { readRequest } from './flow/request.ts'
import { FrameDecoder } from './frame/decoder.ts'
import type { UdpDatagram } from './frame/udp.ts'
import type { CapturedRecord } from './read/record.ts'
import { behaviourOf } from './seen.ts'

/** Devices of one capture; those beyond are counted. */
const MAX_DEVICES = 256
/** Requests of one capture whose spelling is kept until their transfer is over. */
const MAX_SPELT = 65_536
/** Requests, and transfers with their behaviour, that are kept of one device: what it does shows long before. */
const MAX_ASKED = 1024
const BROADCAST = /\.255$|^ff/

export interface SeenDevice {
  /** Of its network card; undefined where the capture has none. */
  readonly mac: string | undefined
  readonly addresses: readonly string[]
  /** Of the machines that it asked, broadcasts left out. */
  readonly hosts: readonly string[]
  /** In the order of time. */
  readonly asked: readonly AskedOnce[]
  /** Of transfers that show it: what they agree on. */
  readonly behaviour: SeenBehaviour
  /** Members of the behaviour on which the transfers differ. */
  readonly contradicted: readonly string[]
  /** Transfers, and how many of them used a window that was negotiated. */
  readonly transfers: number
  readonly windowed: number
}

export class DeviceReader {
  readonly #devices = new Map<string, Gathered>()
  readonly #spelt = new Map<number, RequestFingerprint>()
  readonly #tracker = new FlowTracker((transfer) => this.#transfer(transfer))
  readonly #decoder = new FrameDecoder({
    datagram: (d) => this.#datagram(d),
    completed: (owner, d) => this.#tracker.completed(owner as FragmentedPacket, d),
    incomplete: (owner, assembly, reason) => this.#tracker.incomplete(owner as FragmentedPacket, assembly, reason),
    icmp: (record, from, error) => this.#tracker.icmp(record, from, error),
    neighbour: (record, message) => this.#tracker.neighbour(record, message),
    unknownLink: () => {},
  })

  frame(record: CapturedRecord): void {
    this.#tracker.advance(record.seconds)
    this.#decoder.record(record)
  }

  /** The capture is over. In the order in which the devices were heard first. */
  end(): SeenDevice[] {
    this.#tracker.end()
    return [...this.#devices.values()].map((one) => one.seen())
  }

  #datagram(d: UdpDatagram): object | undefined {
    if (readRequest(d) !== undefined) {
      const parsed = requestFingerprint(d.payloadBuffer, d.payload, Math.min(d.payloadBytes, d.capturedBytes))
      if (parsed.ok) this.#spelt.set(d.number, parsed.value)
      // Of requests that are in no transfer's list the oldest goes.
      if (this.#spelt.size > MAX_SPELT) this.#spelt.delete(this.#spelt.keys().next().value as number)
    }
    return this.#tracker.datagram(d)
  }

  #transfer(transfer: CapturedTransfer): void {
    const { client, request } = transfer
    // Without a request nothing tells which kind of device it is.
    if (request === undefined || request.malformed !== undefined) return
    const key = client.mac ?? client.address
    let device = this.#devices.get(key)
    if (device === undefined) {
      if (this.#devices.size === MAX_DEVICES) return
      this.#devices.set(key, (device = new Gathered(client.mac)))
    }
    device.add(
      transfer,
      request.sent.flatMap(({ number }) => this.#spelt.get(number) ?? []),
    )
    for (const { number } of request.sent) this.#spelt.delete(number)
  }
}

class Gathered {
  readonly #mac: string | undefined
  readonly #addresses = new Set<string>()
  readonly #hosts = new Set<string>()
  readonly #asked: { startMs: number; asked: AskedOnce }[] = []
  readonly #behaviours: SeenBehaviour[] = []
  #transfers = 0
  #windowed = 0

  constructor(mac: string | undefined) {
    this.#mac = mac
  }

  /** `spelt`: its requests, the first and those that repeated it. */
  add(transfer: CapturedTransfer, spelt: readonly RequestFingerprint[]): void {
    const { client, request, startMs, agreed } = transfer
    this.#transfers++
    if (agreed.windowsize > 1) this.#windowed++
    if (this.#addresses.size < MAX_ASKED) this.#addresses.add(client.address)
    const host = request?.toAddress ?? ''
    if (!BROADCAST.test(host) && this.#hosts.size < MAX_ASKED) this.#hosts.add(host)
    for (const [index, one] of spelt.entries()) {
      if (this.#asked.length === MAX_ASKED) break
      this.#asked.push({
        startMs: startMs + index / 1000,
        asked: { request: one, port: client.port, repeat: index > 0 },
      })
    }
    if (this.#behaviours.length === MAX_ASKED) return
    const behaviour = behaviourOf(transfer)
    const { clientTimerMs } = diagnose(transfer).figures
    const timerMs = behaviour.timerMs ?? clientTimerMs
    this.#behaviours.push({ ...behaviour, ...(timerMs === undefined ? {} : { timerMs }) })
  }

  seen(): SeenDevice {
    const { behaviour, contradicted } = agreedOn(this.#behaviours)
    return {
      mac: this.#mac,
      addresses: [...this.#addresses],
      hosts: [...this.#hosts],
      asked: this.#asked.sort((a, b) => a.startMs - b.startMs).map(({ asked }) => asked),
      behaviour,
      contradicted,
      transfers: this.#transfers,
      windowed: this.#windowed,
    }
  }
}

/** Timers this close are the same. */
const SAME_TIMER = 0.2

function agreedOn(all: readonly SeenBehaviour[]): { behaviour: SeenBehaviour; contradicted: string[] } {
  const behaviour: Record<string, unknown> = {}
  const contradicted: string[] = []
  for (const key of ['order', 'repeat', 'ahead'] as const) {
    const values = new Set(all.map((one) => one[key]).filter((value) => value !== undefined))
    if (values.size === 1) [behaviour[key]] = values
    else if (values.size > 1) contradicted.push(key)
  }
  const timers = all.map(({ timerMs }) => timerMs).filter((ms) => ms !== undefined)
  const [shortest, longest] = [Math.min(...timers), Math.max(...timers)]
  if (timers.length > 0 && longest - shortest <= SAME_TIMER * longest)
    behaviour.timerMs = timers.sort((a, b) => a - b)[timers.length >> 1]
  else if (timers.length > 0) contradicted.push('timerMs')
  return { behaviour: behaviour as SeenBehaviour, contradicted }
}
