/** The machine that a transfer of ours becomes once the server has answered. */
import type { ReceiverSink, SenderSink } from '../transfer/contract.ts'
import { type Agreed, agreedForReceiver, agreedForSender } from '../transfer/negotiate.ts'
import type { GroupAddress } from '../transfer/multicast/group-option.ts'
import { GroupReceiver } from '../transfer/multicast/receiver.ts'
import { anticipation } from '../transfer/policy/anticipation.ts'
import { negotiated } from '../transfer/policy/negotiated.ts'
import { Receiver } from '../transfer/receiver.ts'
import type { FirstRoundTrip } from '../transfer/rto.ts'
import { Sender } from '../transfer/sender.ts'
import type { InitiatorConfig } from './initiator-contract.ts'

/** The receiver of a read. `oack`: the answer was an OACK, which wants ACK 0; otherwise it was DATA 1. */
export function createReceiver(
  config: InitiatorConfig,
  agreed: Agreed,
  oack: boolean,
  firstRoundTrip: FirstRoundTrip,
  sink: ReceiverSink,
): Receiver {
  const { near, label, mode, giveUpMs, dallyMs } = config
  const { tsizeBytes } = agreed
  // 0 stands for "unknown" at servers that make the file while they send it; in netascii tsize is an estimate.
  const exact = mode === 'octet' && tsizeBytes !== 0
  return new Receiver(
    {
      ...agreedForReceiver(agreed),
      oack: undefined,
      acknowledgeRequest: oack,
      near,
      addressValidated: true,
      firstRoundTrip,
      label,
      peerRole: 'server',
      sizeBytes: exact ? tsizeBytes : undefined,
      ...(giveUpMs === undefined ? {} : { giveUpMs }),
      ...(dallyMs === undefined ? {} : { dallyMs }),
    },
    sink,
  )
}

/** The receiver of a read that a group shares. */
export function createGroupReceiver(
  config: InitiatorConfig,
  agreed: Agreed,
  { address, port }: GroupAddress,
  isMaster: boolean,
  sink: ReceiverSink,
): GroupReceiver {
  const { label, mode, giveUpMs, dallyMs } = config
  const { blksize, tsizeBytes } = agreed
  return new GroupReceiver(
    {
      group: { address, port },
      isMaster,
      blksize,
      sizeBytes: mode === 'octet' && tsizeBytes !== 0 ? tsizeBytes : undefined,
      label,
      ...(giveUpMs === undefined ? {} : { giveUpMs }),
      ...(dallyMs === undefined ? {} : { dallyMs }),
    },
    sink,
  )
}

/** The sender of a write. A device that agreed to no window may be as faulty as any client of our server, so it gets the server's policy. */
export function createSender(
  config: InitiatorConfig,
  agreed: Agreed,
  firstRoundTrip: FirstRoundTrip,
  sink: SenderSink,
): Sender {
  const { sizeBytes, near, label } = config
  const { windowsize } = agreed
  const askedWindow = agreed.windowNegotiated && windowsize > 1 ? negotiated({ windowBlocks: windowsize }) : undefined
  const sender = {
    sizeBytes,
    ...agreedForSender(agreed),
    oack: undefined,
    near,
    addressValidated: true,
    otherPolicy: askedWindow,
    // In lock-step DATA 1 is timed by itself.
    firstRoundTrip: askedWindow === undefined ? undefined : firstRoundTrip,
    label,
    peerRole: 'server' as const,
  }
  return new Sender(sender, anticipation({ windowBlocks: 1 }), sink)
}
