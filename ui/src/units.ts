/** Numbers as a person reads them: the same on the page as in the terminal. */
export { clockText, countText, durationText, rateText, sizeText } from '../../src/cli/render/units.ts'
