/** What tells causes apart that look alike to the server. */
export const LOSSES_APART =
  'Lost DATA and lost ACKs look alike here, because the device acknowledges each repeat. Serve it again with `--window 2`, or compare `ethtool -S` of the server before and after: lost DATA shows as drops or CRC errors on the way to the device, lost ACKs as CRC errors at the server.'

export const HOLDS_APART =
  'A frame that waits on the other side of the device looks the same where it acknowledges repeats. Wait for the timer of the device with a server that repeats late: two identical ACKs then mean its transmit side, an ACK of the block before its receiving side.'

export const LOSS_OR_HOLD_APART =
  'A block that waits in the device until the next frame looks like one that is lost where the device is silent on repeats. Serve it with `--copies 2 --gap 1`: a copy cures a frame that waits each time, and a lost one only mostly.'

export const ARP_APART =
  'Capture ARP too (no port filter): questions for the address of the device without an answer prove it.'

export const UNREACHED_APART =
  'A device that nothing reaches looks like one that crashed. Capture ARP too (no port filter): questions for its address without an answer mean that it is not reached; and look at its console.'
