import { lossRule } from './loss.ts'

export const ackLoss = lossRule({
  id: 'ack-loss',
  title: 'acknowledgements of the device are lost on their way to the server',
  advice:
    'Serve it with Foresend, which recovers a lost ACK in milliseconds; a device that ignores repeats needs that. Try another cable, port or a plain 100 Mbit/s switch between: the transmit side of the device is marginal.',
  adviceOfOurs:
    'The server repairs these losses, and each costs milliseconds. If it is still too slow, serve it with `--window 2`. Try another cable, port or a plain 100 Mbit/s switch between: the transmit side of the device is marginal.',
  evidence: (blocks) => `the device has ${blocks}, as what it says later proves, and the ACK did not arrive`,
})
