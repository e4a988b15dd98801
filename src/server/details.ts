/** What a history keeps of a transfer beside its last event: who the device is, what was negotiated, and its last packets. */
import type { EventKind } from '../endpoint/contract.ts'
import type { EndedDetails } from '../history/contract.ts'
import type { Option } from '../packet/index.ts'
import { deviceId } from '../profile/device-id.ts'
import type { MacOf } from '../profile/devices.ts'
import { COUNTER } from '../transfer/contract.ts'
import type { ServedTransfer } from './content.ts'

/** Of a transfer that ends with an event of `kind`. `traceOf` still has its packets then. */
export function detailsOf(
  kind: EventKind,
  transfer: ServedTransfer,
  macOf: MacOf,
  traceOf: (transfer: ServedTransfer) => Uint32Array,
): EndedDetails {
  const { peer, request, agreed, content, machine } = transfer
  const prepared = content?.type === 'image' ? content.device : ''
  const details = {
    device:
      prepared === ''
        ? deviceId(peer.address, peer.near ? macOf(Date.now(), peer.address) : undefined, request)
        : prepared,
    asked: optionsText(request.options),
    agreed: agreed === undefined ? '' : optionsText(agreed.oack),
    stalls: machine?.counters[COUNTER.stalls] ?? 0,
  }
  if (kind !== 'failed' && kind !== 'superseded' && details.stalls === 0) return details
  const words = traceOf(transfer)
  if (words.length === 0) return details
  return { ...details, trace: Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString('base64') }
}

function optionsText(options: readonly Option[]): string {
  let text = ''
  for (const { name, value } of options) text += text === '' ? `${name}=${value}` : ` ${name}=${value}`
  return text
}
