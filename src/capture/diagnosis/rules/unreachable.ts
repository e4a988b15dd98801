import type { CapturedTransfer, IcmpMeaning } from '../../contract.ts'
import { MAX_EVIDENCE_PACKETS } from '../contract.ts'
import type { Rule } from '../rule.ts'
import { deliveryErrors } from '../view/delivery-errors.ts'

/** Who says it, and whose packets it is about. */
type Sayer = 'client' | 'server' | 'router'

const WORDS: Readonly<Partial<Record<`${IcmpMeaning} ${Sayer}`, { readonly title: string; readonly advice: string }>>> =
  {
    'port-unreachable client': {
      title: 'the device answers that its port is closed: its program ended, or the device started again',
      advice:
        'The device can be reached, but the program that asked for the file is gone. Look at its console: it gave up, was interrupted or restarted. A device that waits for only a short time needs a server that repairs losses sooner.',
    },
    'port-unreachable server': {
      title: 'the server answers that its port is closed: no TFTP server listens there',
      advice:
        'Start the TFTP server, and let it listen on the address that the device asks, on UDP port 69; `ss -lun` shows what listens.',
    },
    'prohibited client': {
      title: 'a firewall on the device refuses the packets of the server',
      advice:
        'The answers of a TFTP server come from another port than 69: let UDP from the server in, or load the TFTP helper of the firewall (`nf_conntrack_tftp`).',
    },
    'prohibited server': {
      title: 'a firewall on the server refuses the packets of the device',
      advice:
        'Let UDP port 69 in, and the ports that answers come from: the device sends its acknowledgements to those.',
    },
    'prohibited router': {
      title: 'a firewall between the device and the server refuses packets of this transfer',
      advice:
        'Let UDP port 69 through, and the answers, which come from another port: a firewall needs its TFTP helper for that, or a rule for all UDP of the server.',
    },
  }

export const unreachable: Rule = {
  id: 'unreachable',
  title: 'a host or router says that packets of this transfer cannot be delivered',
  advice:
    'Look for the host that sends these messages, and at the routes and the addresses of both ends: the device is switched off or its address is wrong, or the network has no way there.',
  find({ transfer }) {
    if (transfer.outcome.type === 'complete') return undefined
    const found = deliveryErrors(transfer)
    if (found.length === 0) return undefined
    const [{ meaning, from }] = found
    return {
      ...WORDS[`${meaning} ${sayerOf(transfer, from)}`],
      confidence: 0.95,
      // A program that had waited for lost packets ends in this way too.
      isConsequence: transfer.blocks.highestAcknowledged > 0,
      evidence: [
        {
          text: found.length === 1 ? 'an ICMP message says so' : `${found.length} ICMP messages say so`,
          packets: found.slice(0, MAX_EVIDENCE_PACKETS).map(({ number }) => number),
        },
      ],
    }
  },
}

/** Messages of the client itself: packets reach its host. */
export function reachesClient(transfer: CapturedTransfer): boolean {
  return deliveryErrors(transfer).some(({ from }) => sayerOf(transfer, from) === 'client')
}

function sayerOf({ client, server, request }: CapturedTransfer, from: string): Sayer {
  if (from === client.address) return 'client'
  return from === server.address || from === request?.toAddress ? 'server' : 'router'
}
