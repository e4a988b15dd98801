/** Messages of ICMP that packets of the transfer could not be delivered. */
import type { CapturedTransfer, IcmpMeaning, SideEvent } from '../../contract.ts'

type Icmp = Extract<SideEvent, { readonly type: 'icmp' }>

const MEANINGS: ReadonlySet<IcmpMeaning> = new Set([
  'port-unreachable',
  'host-unreachable',
  'net-unreachable',
  'prohibited',
])

export function deliveryErrors({ sideEvents }: CapturedTransfer): readonly Icmp[] {
  return sideEvents.filter((event) => event.type === 'icmp').filter(({ meaning }) => MEANINGS.has(meaning))
}
