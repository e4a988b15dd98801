/** What tells causes apart that look alike to the server. */
import type { Hypothesis } from '../explain/judge.ts'

const LOSSES =
  'Lost DATA and lost ACKs look alike here, because the device acknowledges each repeat. Serve it again with `--window 2`, or compare `ethtool -S` of the server before and after: lost DATA shows as drops or CRC errors on the way to the device, lost ACKs as CRC errors at the server.'

const HOLDS =
  'A frame that waits on the other side of the device looks the same where it acknowledges repeats. Wait for the timer of the device with a server that repeats late: two identical ACKs then mean its transmit side, an ACK of the block before its receiving side.'

const LOSS_OR_RX_HOLD =
  'A block that waits in the device until the next frame looks like one that is lost where the device is silent on repeats. Serve it with `--copies 2 --gap 1`: a copy cures a frame that waits each time, and a lost one only mostly.'

const LOSS_OR_TX_HOLD =
  'An ACK that waits in the device looks like a lost one while the device says nothing else. Serve it with `--window 2`: the next ACK pushes out one that waits, and a lost one stays missing.'

export const EEE_APART = 'Keep the link busy (`ping -i 0.002` to the device): with EEE nothing is lost then.'

const RING = 'Serve it with `--window 1`: a full ring then loses nothing, and a bad link still does.'

const BITS =
  'Serve it with a smaller block size: damage by the byte then hits fewer blocks, loss by the packet as many.'

export const ARP_APART =
  'Capture ARP too (no port filter): questions for the address of the device without an answer prove it.'

const ARP_OR_OTHER =
  'Capture ARP too (no port filter): questions for the address of the device without an answer mean that nothing reached it; with answers, packets were lost or waited.'

export const UNREACHED_APART =
  'A device that nothing reaches looks like one that crashed. Capture ARP too (no port filter): questions for its address without an answer mean that it is not reached; and look at its console.'

/** Both orders. The first row that has both of them. */
const PAIRS: readonly (readonly [readonly Hypothesis[], readonly Hypothesis[], string])[] = [
  [['data-loss', 'both-losses'], ['ack-loss'], LOSSES],
  [['data-loss'], ['both-losses'], LOSSES],
  [['tx-hold'], ['rx-hold'], HOLDS],
  [['rx-hold', 'rx-one-behind'], ['data-loss', 'ack-loss', 'both-losses'], LOSS_OR_RX_HOLD],
  [['tx-hold'], ['data-loss', 'ack-loss', 'both-losses'], LOSS_OR_TX_HOLD],
  [['outage'], ['none'], UNREACHED_APART],
  [['outage'], ['data-loss', 'ack-loss', 'both-losses', 'rx-hold', 'tx-hold'], ARP_OR_OTHER],
  [['none'], ['data-loss', 'ack-loss', 'both-losses', 'rx-hold', 'tx-hold'], UNREACHED_APART],
  [['eee-wake'], ['data-loss', 'ack-loss', 'both-losses', 'rx-hold', 'tx-hold', 'outage', 'bit-errors'], EEE_APART],
  [['rx-ring'], ['data-loss', 'ack-loss', 'both-losses', 'bit-errors', 'rx-hold', 'tx-hold'], RING],
  [['bit-errors'], ['data-loss', 'ack-loss', 'both-losses', 'rx-hold', 'tx-hold'], BITS],
]

/** What would tell a hypothesis from another one; undefined where nothing is known. */
export function apart(one: Hypothesis, other: Hypothesis): string | undefined {
  return PAIRS.find(
    ([some, others]) =>
      (some.includes(one) && others.includes(other)) || (some.includes(other) && others.includes(one)),
  )?.[2]
}
