import { expect, test } from 'vitest'
import { viewOf } from '../../src/capture/diagnosis/view/view.ts'
import { isAlike } from './alike.ts'
import { evaluate, labOf } from './evaluation.ts'
import { mainOf, play } from './lab-case.ts'

test('a lost ACK and a lost block of a client that acknowledges repeats make the same packets in lock-step', () => {
  const lost = evaluate('ack-loss', 'grub', 'tftp-hpa-6.0', 9400)
  expect(lost).toMatchObject({ first: false, alike: true, level: true, both: true })
  expect(lost?.diagnosis.causes[0].tellApart).toContain('--window 2')
})

test('they make different packets where the client is silent on repeats', () => {
  const lab = labOf('ack-loss', 'uboot-1.1.3', 'tftp-hpa-5.2', 9400, 'cable')
  const transfer = mainOf(play(lab).transfers)!
  const storyOf = (name: string) => viewOf(transfer).judgement.judged.find((one) => one.hypothesis === name)!.story
  expect(isAlike(lab, transfer, storyOf('ack-loss'))).toBe(true)
  const { script, events } = storyOf('ack-loss')
  const asDataLoss = events.map((e) => (e.kind === 'up-lost' ? { ...e, kind: 'down-lost' as const } : e))
  expect(isAlike(lab, transfer, { script, events: asDataLoss })).toBe(false)
})
