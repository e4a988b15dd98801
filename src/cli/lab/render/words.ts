/** What came of a boot, in words: short for a table, whole for a person. */
import type { Row, Summary } from '../../../lab/index.ts'
import { sizeText } from '../../render/units.ts'

type Kind = Row['verdict']

/** `good`: the device has the file. `bad`: it has not, and one side knows. `worst`: neither side knows. */
export type Tone = 'good' | 'careful' | 'bad' | 'worst'

export const TONES: Readonly<Record<Kind, Tone>> = {
  intact: 'good',
  'intact-but-server-failed': 'careful',
  probed: 'careful',
  'both-know-it-failed': 'bad',
  'client-failed-server-unsure': 'bad',
  'believed-without-ack': 'bad',
  unfinished: 'bad',
  'client-failed-server-thinks-complete': 'worst',
  hole: 'worst',
  'wrong-bytes': 'worst',
}

/** The words of an upload where they differ: the server has the file, and the client is the side that believes. */
const SHORT_UPLOAD: Readonly<Partial<Record<Kind, string>>> = {
  'intact-but-server-failed': 'intact, unknown to client',
  'client-failed-server-unsure': 'failed, client unsure',
}

/** What came of a boot or an upload, for a table. */
export function shortText({ verdict, direction }: Pick<Row, 'verdict' | 'direction'>): string {
  return (direction === 'write' ? SHORT_UPLOAD[verdict] : undefined) ?? SHORT[verdict]
}

export const SHORT: Readonly<Record<Kind, string>> = {
  intact: 'intact',
  'intact-but-server-failed': 'intact, unknown to server',
  probed: 'size asked only',
  'both-know-it-failed': 'failed',
  'client-failed-server-unsure': 'failed, server unsure',
  'believed-without-ack': 'failed, client believes otherwise',
  unfinished: 'no end',
  'client-failed-server-thinks-complete': 'FALSE SUCCESS',
  hole: 'HOLES',
  'wrong-bytes': 'WRONG BYTES',
}

export const LONG: Readonly<Record<Kind, string>> = {
  intact: 'the device has the file, byte for byte, and the server knows',
  'intact-but-server-failed': 'the device has the file, but the server thinks that it failed',
  probed: 'the device only asked for the size',
  'both-know-it-failed': 'the transfer failed, and both sides know',
  'client-failed-server-unsure': 'the transfer failed; the server says that it is probably complete',
  'believed-without-ack':
    'the upload failed; its client takes it for complete, although its last block was never acknowledged',
  unfinished: 'cut off: it would go on without end',
  'client-failed-server-thinks-complete': 'the transfer failed, but the server reports success',
  hole: 'the device takes an image with missing blocks for whole',
  'wrong-bytes': 'the device takes an image with wrong bytes for whole',
}

/** `intact`, `intact 18/20`, `failed after 297 blocks`, `HOLES 3/20`. */
export function outcomeText(summary: Summary): string {
  const { runs, intact, worst, harmful, blocks, direction } = summary
  const word = shortText({ verdict: worst, direction })
  if (harmful > 0) return runs === 1 ? word : `${word} ${harmful}/${runs}`
  if (intact === runs) return runs === 1 ? word : `${word} ${intact}/${runs}`
  if (intact > 0) return `intact ${intact}/${runs}`
  return direction === 'write' ? word : `${word} after ${Math.round(blocks)} blocks`
}

/** The tone of the worst boot. */
export function toneOf(summary: Summary): Tone {
  if (summary.harmful > 0) return 'worst'
  if (summary.intact === summary.runs) return TONES[summary.worst]
  return summary.intact > 0 ? 'careful' : 'bad'
}

/** Bytes as a person gives them: 1048576, 512k, 7.75MiB, 8MB. Undefined when it is none of these. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmg])(i?)b?|b)?$/i.exec(text.trim())
  if (match === null) return undefined
  const [, number, letter, binary] = match
  const power = letter === undefined ? 0 : 'kmg'.indexOf(letter.toLowerCase()) + 1
  const bytes = Number(number) * (binary === '' || binary === undefined ? 1000 : 1024) ** power
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : undefined
}

export function rateCell(bytesPerSec: number): string {
  return bytesPerSec > 0 ? `${sizeText(bytesPerSec)}/s` : '-'
}
