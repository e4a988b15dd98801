import type { View } from '../view/view.ts'

/** ACKs that the server of an upload sent behind the last packet of the device; an OACK is one. */
export function unansweredAcks({ packets, list }: View): readonly number[] {
  const last = list.findLastIndex((i) => packets.fromClient(i))
  return [...list.subarray(last + 1)].filter((i) => packets.kind(i) === 'ack' || packets.kind(i) === 'oack')
}
