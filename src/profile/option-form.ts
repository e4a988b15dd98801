/**
 * How a kind of device writes an option, as text: `tsize=0`, `blksize=1468|*` (usually 1468), `windowsize=2..65535`,
 * `?tsize=0` (only some builds send it), `multicast=` (an empty value).
 */
import { numberIn } from '../packet/index.ts'

/** Values that it may have. */
export type ValueForm =
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'range'; readonly min: number; readonly max: number }
  | { readonly type: 'any' }

export interface OptionForm {
  /** As spelt on the wire. */
  readonly name: string
  /** The first that fits counts. */
  readonly values: readonly ValueForm[]
  /** Most of its requests do without. */
  readonly seldom: boolean
}

/** How little a value says, in bits: one that was expected as it is costs nothing. */
const COST_BITS = { literal: 0, range: 2, any: 3 } as const
/** What an option costs that most requests do not have. */
export const SELDOM_BITS = 2

/** What `parseOptionForm` takes, for messages. */
export const OPTION_FORM_HINT =
  'NAME=VALUE, where VALUE is a text, LOW..HIGH or *, or several of them with | between; ? in front for an option that is seldom sent'

/** Undefined for a text that is none. */
export function parseOptionForm(text: string): OptionForm | undefined {
  const match = /^(\?)?([^\s=?]{1,32})=(.{0,64})$/.exec(text)
  if (match === null) return undefined
  const values = match[3].split('|').map(valueForm)
  if (values.includes(undefined)) return undefined
  return { name: match[2], values: values as ValueForm[], seldom: match[1] !== undefined }
}

export function optionFormText({ name, values, seldom }: OptionForm): string {
  return `${seldom ? '?' : ''}${name}=${values.map(valueText).join('|')}`
}

/** Bits that a value costs: the better it was foreseen, the fewer. Undefined for a value that the form does not allow. */
export function valueCost({ values }: OptionForm, value: string): number | undefined {
  const fit = values.find((form) => allows(form, value))
  return fit === undefined ? undefined : COST_BITS[fit.type] + Math.log2(values.length)
}

function allows(form: ValueForm, value: string): boolean {
  if (form.type === 'any') return true
  if (form.type === 'literal') return form.text === value
  return numberIn(value, form.min, form.max) !== undefined
}

function valueForm(text: string): ValueForm | undefined {
  if (text === '*') return { type: 'any' }
  const range = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text)
  if (range === null) return { type: 'literal', text }
  const [min, max] = [Number(range[1]), Number(range[2])]
  return min < max ? { type: 'range', min, max } : undefined
}

function valueText(form: ValueForm): string {
  if (form.type === 'literal') return form.text
  return form.type === 'any' ? '*' : `${form.min}..${form.max}`
}
