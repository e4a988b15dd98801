/** Which network card is meant, and what is wrong where none can be listened on: one line, with what to do. */
import { ForesendError } from '../../error.ts'
import { cardKind, cardNames, linkState } from '../../io/card-link.ts'
import { cabledInterfaces } from '../../io/interfaces.ts'
import { didYouMean } from '../../lab/device/nearest.ts'
import { usageError } from '../exit.ts'

export interface ChosenCard {
  readonly name: string
  readonly isLoopback: boolean
}

/** The cards of this machine, in tests those of another. */
export interface Cards {
  readonly names: () => readonly string[]
  readonly cabled: () => readonly string[]
  readonly kind: typeof cardKind
  readonly link: typeof linkState
}

const SYSTEM: Cards = { names: cardNames, cabled: cabledInterfaces, kind: cardKind, link: linkState }

/** Throws ERR_TFTP_USAGE. Without a name it is the only card, or the only one with a link. */
export function chooseCard(wanted: string | undefined, cards: Cards = SYSTEM): ChosenCard {
  const name = wanted ?? onlyCard(cards)
  if (!cards.names().includes(name))
    throw usageError(`no network card ${JSON.stringify(name)} here${didYouMean(name, cards.names())}`)
  const kind = cards.kind(name)
  if (kind === 'other')
    throw usageError(`${name} carries no Ethernet frames: name the card that the device is plugged into`)
  return { name, isLoopback: kind === 'loopback' }
}

function onlyCard(cards: Cards): string {
  const cabled = cards.cabled().filter((name) => cards.kind(name) === 'ethernet')
  const linked = cabled.filter((name) => cards.link(name) === 'up')
  const [best] = linked.length === 1 ? linked : cabled
  if (best !== undefined && (linked.length === 1 || cabled.length === 1)) return best
  const names = cabled.length > 0 ? cabled : cards.names().filter((name) => cards.kind(name) === 'ethernet')
  if (names.length === 0) throw usageError('this machine has no network card to listen on: plug one in')
  const list = names.map((name) => `${name}${cards.link(name) === 'up' ? ' (link up)' : ''}`).join(', ')
  throw usageError(
    `name the network card that the device is plugged into: foresend watch ${names[0]}; there are ${list}`,
  )
}

/** `cause`: a reason in words, or what the system said. */
export function cannotListen(cause: unknown, card?: string): ForesendError {
  if (typeof cause === 'string') return bindError(`cannot listen on a network card: ${cause}`, undefined)
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const where = card ?? 'a network card'
  if (code === 'EPERM' || code === 'EACCES')
    return bindError(`listening on ${where} is for root: sudo foresend watch ${card ?? ''}`.trimEnd(), cause)
  return bindError(`cannot listen on ${where}: ${code}; check it with \`ip link\``, cause)
}

function bindError(message: string, cause: unknown): ForesendError {
  return new ForesendError('ERR_TFTP_BIND', message, { fault: 'local', ...(cause === undefined ? {} : { cause }) })
}
