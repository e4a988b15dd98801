import { lossRule } from './loss.ts'

export const dataLoss = lossRule({
  id: 'data-loss',
  title: 'DATA is lost on its way to the device',
  advice:
    'Do not send several blocks ahead to this device unless each is acknowledged by itself. Try another cable or port, 100 Mbit/s in place of 1000, and no flow control; look at the drop counters of every switch on the way.',
  evidence: (blocks) => `the device did not have ${blocks} when it spoke the next time`,
})
