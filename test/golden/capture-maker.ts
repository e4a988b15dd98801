/** Builds frames and capture files byte by byte, apart from the code that reads them. */

export interface MadeFrame {
  readonly bytes: Uint8Array
  /** Milliseconds since the epoch. */
  readonly ms: number
  /** On the wire, when the capture cut the frame. */
  readonly originalBytes?: number
  readonly comment?: string
}

export interface Host {
  readonly address: string
  readonly mac: string
}

export const LINK = { null: 0, ethernet: 1, raw: 101, loop: 108, sll: 113, ipv4: 228, ipv6: 229, sll2: 276 } as const

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

export const be16 = (n: number): number[] => [(n >>> 8) & 255, n & 255]
export const be32 = (n: number): number[] => [...be16(n >>> 16), ...be16(n & 0xffff)]
export const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0))

export interface UdpOptions {
  /** `offload`: the pseudo header's sum alone, as a host whose card does the rest shows it. */
  readonly checksum?: 'good' | 'bad' | 'offload' | 'none'
}

export function udp(
  source: string,
  destination: string,
  sourcePort: number,
  destinationPort: number,
  payload: Uint8Array,
  { checksum = 'good' }: UdpOptions = {},
): Uint8Array {
  const length = payload.length + 8
  const head = [...be16(sourcePort), ...be16(destinationPort), ...be16(length)]
  const pseudo = join(addressBytes(source), addressBytes(destination), [0, 17], be16(length))
  const whole = ~ones(join(pseudo, head, [0, 0], payload)) & 0xffff
  const sums = { good: whole === 0 ? 0xffff : whole, bad: whole ^ 0x0101, offload: ones(pseudo), none: 0 }
  return join(head, be16(sums[checksum]), payload)
}

export interface IpOptions {
  readonly id?: number
  readonly protocol?: number
  /** Where this fragment begins, and whether others follow. */
  readonly fragment?: { readonly offset: number; readonly more: boolean }
  readonly totalBytes?: number
}

export function ip(source: string, destination: string, payload: Uint8Array, options: IpOptions = {}): Uint8Array {
  const { id = 1, protocol = 17, fragment } = options
  if (source.includes(':')) return ipv6(source, destination, payload, options)
  const flags = fragment === undefined ? 0 : (fragment.more ? 0x2000 : 0) | (fragment.offset / 8)
  const total = options.totalBytes ?? payload.length + 20
  const head = join(
    [0x45, 0],
    be16(total),
    be16(id),
    be16(flags),
    [64, protocol, 0, 0],
    addressBytes(source),
    addressBytes(destination),
  )
  head.set(be16(~ones(head) & 0xffff), 10)
  return join(head, payload)
}

function ipv6(
  source: string,
  destination: string,
  payload: Uint8Array,
  { id = 1, protocol = 17, fragment }: IpOptions,
) {
  const extension =
    fragment === undefined ? [] : [protocol, 0, ...be16(fragment.offset | (fragment.more ? 1 : 0)), ...be32(id)]
  const next = fragment === undefined ? protocol : 44
  const length = extension.length + payload.length
  return join(
    [0x60, 0, 0, 0],
    be16(length),
    [next, 64],
    addressBytes(source),
    addressBytes(destination),
    extension,
    payload,
  )
}

/** Padded to 60 bytes unless `pad` is false. */
export function ethernet(from: string, to: string, etherType: number, packet: Uint8Array, pad = true): Uint8Array {
  const frame = join(macBytes(to), macBytes(from), be16(etherType), packet)
  return pad && frame.length < 60 ? join(frame, new Uint8Array(60 - frame.length)) : frame
}

export const typeOf = (packet: Uint8Array): number => (packet[0] >>> 4 === 6 ? 0x86dd : 0x0800)

export function macBytes(mac: string): number[] {
  return mac.split(':').map((part) => Number.parseInt(part, 16))
}

/** Groups are all written out in an IPv6 address here. */
export function addressBytes(address: string): number[] {
  if (!address.includes(':')) return address.split('.').map(Number)
  const [head, tail] = address.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const groups = [...head, ...Array<string>(8 - head.length - (tail?.length ?? 0)).fill('0'), ...(tail ?? [])]
  return groups.flatMap((group) => be16(Number.parseInt(group, 16)))
}

export function ones(b: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < b.length; i += 2) sum += b[i] * 256 + (b[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum % 65_536) + Math.floor(sum / 65_536)
  return sum
}

export interface FileOptions {
  readonly littleEndian?: boolean
  readonly nanoseconds?: boolean
  readonly linkType?: number
}

/** Numbers in the byte order of the file. */
function numbers(littleEndian: boolean) {
  const order = (bytes: number[]) => (littleEndian ? bytes.toReversed() : bytes)
  return { u16: (n: number) => order(be16(n)), u32: (n: number) => order(be32(n)) }
}

export function pcap(frames: readonly MadeFrame[], options: FileOptions = {}): Uint8Array {
  const { littleEndian = true, nanoseconds = false, linkType = LINK.ethernet } = options
  const { u16, u32 } = numbers(littleEndian)
  const header = join(
    u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4),
    u16(2),
    u16(4),
    u32(0),
    u32(0),
    u32(65_535),
    u32(linkType),
  )
  return concat([
    header,
    ...frames.map(({ bytes, ms, originalBytes }) => {
      const fraction = Math.round((ms % 1000) * (nanoseconds ? 1e6 : 1e3))
      return join(
        u32(Math.floor(ms / 1000)),
        u32(fraction),
        u32(bytes.length),
        u32(originalBytes ?? bytes.length),
        bytes,
      )
    }),
  ])
}

export interface SectionOptions extends FileOptions {
  /** The byte of if_tsresol; microseconds when left out. */
  readonly resolution?: number
  readonly offsetSeconds?: number
  readonly kind?: 'enhanced' | 'simple' | 'old'
  readonly comment?: string
}

/** One section of pcapng with one interface. */
export function pcapngSection(frames: readonly MadeFrame[], options: SectionOptions = {}): Uint8Array {
  const { littleEndian = true, linkType = LINK.ethernet, kind = 'enhanced', resolution, offsetSeconds } = options
  const { u16, u32 } = numbers(littleEndian)
  const u64 = (n: bigint) => {
    const [high, low] = [u32(Number((n >> 32n) & 0xffffffffn)), u32(Number(n & 0xffffffffn))]
    return littleEndian ? [...low, ...high] : [...high, ...low]
  }
  const pad = (b: Uint8Array) => join(b, new Uint8Array(-b.length & 3))
  const option = (code: number, value: Uint8Array | number[]) =>
    join(u16(code), u16(value.length), pad(Uint8Array.from(value)))
  const end = u32(0)
  const block = (type: number, ...parts: (Uint8Array | number[])[]) => {
    const body = join(...parts)
    return join(u32(type), u32(body.length + 12), body, u32(body.length + 12))
  }
  const perSecond =
    resolution === undefined
      ? 1_000_000n
      : (resolution & 128) === 0
        ? 10n ** BigInt(resolution)
        : 2n ** BigInt(resolution & 127)
  const comment = options.comment === undefined ? [] : [option(1, text(options.comment)), end]
  const interfaceOptions = [
    ...(resolution === undefined ? [] : [option(9, [resolution])]),
    ...(offsetSeconds === undefined ? [] : [option(14, u64(BigInt.asUintN(64, BigInt(offsetSeconds))))]),
    end,
  ]
  const packets = frames.map(({ bytes, ms, originalBytes = bytes.length, comment: note }) => {
    if (kind === 'simple') return block(3, u32(originalBytes), pad(bytes))
    const nanos = BigInt(Math.round(ms * 1e6)) - BigInt(offsetSeconds ?? 0) * 1_000_000_000n
    const ticks = (nanos * perSecond) / 1_000_000_000n
    const time = [...u32(Number(ticks >> 32n)), ...u32(Number(ticks & 0xffffffffn))]
    const notes = note === undefined ? [] : [option(1, text(note)), end]
    const first = kind === 'old' ? [...u16(0), ...u16(0)] : u32(0)
    return block(kind === 'old' ? 2 : 6, first, time, u32(bytes.length), u32(originalBytes), pad(bytes), ...notes)
  })
  return concat([
    block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1), u16(0), u64(0xffff_ffff_ffff_ffffn), ...comment),
    block(1, u16(linkType), u16(0), u32(0), ...interfaceOptions),
    // A name resolution block and one of a kind that nothing knows.
    block(4, u16(1), u16(8), addressBytes('10.0.0.1'), text('box\0'), u16(0), u16(0)),
    block(0x7777, text('whatever')),
    ...packets,
  ])
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** TFTP packets. */
export const packet = {
  rrq: (name: string, ...options: string[]) => text(`\0\x01${[name, 'octet', ...options].join('\0')}\0`),
  wrq: (name: string, ...options: string[]) => text(`\0\x02${[name, 'octet', ...options].join('\0')}\0`),
  data: (block: number, bytes: number, fill = 0x5a) => join([0, 3], be16(block), new Uint8Array(bytes).fill(fill)),
  ack: (block: number) => join([0, 4], be16(block)),
  error: (code: number, message: string) => join([0, 5], be16(code), text(`${message}\0`)),
  oack: (...options: string[]) => text(`\0\x06${options.join('\0')}\0`),
}
