/** What a history keeps of a transfer beside its last event: who the device is, and what was negotiated. */
import type { EndedDetails } from '../history/contract.ts'
import type { Option } from '../packet/index.ts'
import { deviceId } from '../profile/device-id.ts'
import type { MacOf } from '../profile/devices.ts'
import { COUNTER } from '../transfer/contract.ts'
import type { ServedTransfer } from './content.ts'

/** Of a transfer that ends. */
export function detailsOf(transfer: ServedTransfer, macOf: MacOf): EndedDetails {
  const { peer, request, agreed, content, machine } = transfer
  const prepared = content?.type === 'image' ? content.device : ''
  return {
    device:
      prepared === ''
        ? deviceId(peer.address, peer.near ? macOf(Date.now(), peer.address) : undefined, request)
        : prepared,
    asked: optionsText(request.options),
    agreed: agreed === undefined ? '' : optionsText(agreed.oack),
    stalls: machine?.counters[COUNTER.stalls] ?? 0,
  }
}

function optionsText(options: readonly Option[]): string {
  let text = ''
  for (const { name, value } of options) text += text === '' ? `${name}=${value}` : ` ${name}=${value}`
  return text
}
