/** Negotiation of a transfer that goes to a group: as of any other (negotiate.ts), with the option that names the group. */
import { encodeOack, escapeText, type Option, type Parsed, type Request, WIRE_ERROR } from '../../packet/index.ts'
import { acceptOack, type Agreed, type Limits, negotiateRead } from '../negotiate.ts'
import { type GroupAddress, type GroupAnswer, groupOption, MULTICAST, parseGroupOption } from './group-option.ts'

/** Sixteen bits alone name a block of a group: no file for groups has more blocks. */
export const MAX_GROUP_BLOCKS = 0xffff
/** A member asks for one block after the other, and numbers never begin again. */
const NOT_IN_A_GROUP: ReadonlySet<string> = new Set(['windowsize', 'rollover'])

/** Whether a client asks for its file by multicast. */
export function asksForGroup({ options }: Request): boolean {
  return options.some(({ name }) => name === MULTICAST)
}

/** Server: what is agreed with a client that joins `group`. The OACK's option `multicast` says that it does not lead: see `groupOack`. */
export function negotiateGroup(request: Request, sizeBytes: number, limits: Limits, group: GroupAddress): Agreed {
  const options = request.options.filter(({ name }) => !NOT_IN_A_GROUP.has(name))
  const agreed = negotiateRead({ ...request, options }, sizeBytes, limits)
  // In the order asked, as in every OACK.
  const granted = options.flatMap(({ name }) =>
    name === MULTICAST ? [groupOption(group, false)] : agreed.oack.filter((option) => option.name === name),
  )
  return { ...agreed, oack: granted, group }
}

/** The OACK that tells a client whether it leads. */
export function groupOack(oack: readonly Option[], group: GroupAddress, isMaster: boolean): Uint8Array {
  return encodeOack(oack.map((option) => (option.name === MULTICAST ? groupOption(group, isMaster) : option)))
}

/** Client: what is agreed with a server that may have granted `multicast`; `answer` is undefined where it did not. */
export function acceptGroupOack(
  offered: readonly Option[],
  answered: readonly Option[],
): Parsed<{ readonly agreed: Agreed; readonly answer: GroupAnswer | undefined }> {
  const option = answered.find(({ name }) => name === MULTICAST)
  const answer = option === undefined ? undefined : parseGroupOption(option.value)
  if (option !== undefined && answer?.group === undefined) {
    const reason = `option multicast in the OACK names no multicast group: "${escapeText(option.value)}"`
    return { ok: false, wireCode: WIRE_ERROR.option, reason }
  }
  const accepted = acceptOack(
    offered,
    answered.filter(({ name }) => name !== MULTICAST),
  )
  if (!accepted.ok) return accepted
  if (answer?.group === undefined) return { ok: true, value: { agreed: accepted.value, answer: undefined } }
  const agreed = { ...accepted.value, oack: [...answered], group: answer.group }
  return { ok: true, value: { agreed, answer } }
}
