import { judgedRule, ofKind } from './judged.ts'

export const reorder = judgedRule({
  id: 'reorder',
  title: 'packets overtake each other on the way',
  advice:
    'Serve it in lock-step (`--window 1`), where no packet can overtake another. Look for two paths that share the traffic: a bond, a wireless link, a router that balances loads.',
  hypotheses: ['reorder'],
  events: ofKind('up-late', 'down-late'),
  words: (blocks) => `${blocks}: came late, behind packets that had left later`,
})
