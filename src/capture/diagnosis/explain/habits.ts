/**
 * What kinds of clients do with a block, as rows. Sources are the programs themselves (docs/profiles.md); several programs share a row. The request
 * tells which rows are likely, and what the client does decides.
 */
export interface Habits {
  readonly name: string
  /**
   * `any`: stores whatever is not the block that it took last. `inorder`: takes the next block alone. `gaps`: stores blocks in any order, and an
   * ACK names the first gap.
   */
  readonly order: 'any' | 'inorder' | 'gaps'
  /** The block that it took last, blocks before that one, and blocks beyond the next one. `position`: the ACK of the last block in order. */
  readonly repeat: Answer
  readonly older: Answer
  readonly ahead: Answer
  /** `position` is said once for each position. */
  readonly once: boolean
  /**
   * It repeats its last packet of its own accord; `exact`: after its `timeout`, counted from the block that it took last; `adaptive`: after a time that
   * it learns from the answers, another one each time.
   */
  readonly timer: 'exact' | 'some' | 'adaptive' | 'none'
  /** Its repeat begins a window, and it reports the next gap again. */
  readonly timerBegins?: true
  /** It acknowledges each block of a window that it negotiated: the RFC allows that. */
  readonly each?: true
  /** Names of the options that such a client asks for, in their order, as far as known. */
  readonly asks: readonly RegExp[]
  /** Unknown programs may have these habits, whatever they ask for. */
  readonly isCommon?: true
}

export type Answer = 'silent' | 'ack' | 'position' | 'error'

const SILENT = { repeat: 'silent', older: 'silent', ahead: 'silent' } as const
const POSITION = { repeat: 'position', older: 'position', ahead: 'position' } as const
/** RFC 7440 says what a client with a window does with a gap; what it says to a repeat, and inside a window, is its own. */
const WINDOWED = {
  order: 'inorder',
  ...SILENT,
  ahead: 'position',
  once: true,
  timer: 'some',
  timerBegins: true,
  asks: [/windowsize/],
  isCommon: true,
} as const

export const HABITS: readonly Habits[] = [
  {
    name: 'U-Boot to 2020.07',
    order: 'any',
    ...SILENT,
    once: false,
    timer: 'exact',
    asks: [/^timeout( tsize)?( blksize)?$/],
  },
  {
    name: 'U-Boot 2020.10 to 2023.01',
    order: 'inorder',
    ...POSITION,
    once: true,
    timer: 'exact',
    asks: [/^timeout( tsize)? blksize( windowsize)?$/],
  },
  {
    name: 'U-Boot 2023.04 on',
    order: 'inorder',
    ...SILENT,
    ahead: 'position',
    once: true,
    timer: 'exact',
    asks: [/^timeout( tsize)? blksize( windowsize)?$/],
  },
  {
    name: 'RFC 1350',
    order: 'inorder',
    ...SILENT,
    repeat: 'ack',
    once: false,
    timer: 'some',
    asks: [/^(blksize)?$/, /^tsize blksize timeout$/, /^(blksize )?tsize$/],
    isCommon: true,
  },
  {
    name: 'GRUB',
    order: 'inorder',
    repeat: 'ack',
    older: 'ack',
    ahead: 'silent',
    once: false,
    timer: 'none',
    asks: [/^blksize tsize$/],
  },
  {
    name: 'lwIP',
    order: 'inorder',
    repeat: 'ack',
    older: 'error',
    ahead: 'error',
    once: false,
    timer: 'none',
    asks: [/^tsize( blksize)?$/],
  },
  { name: 'iPXE', order: 'gaps', ...POSITION, once: false, timer: 'adaptive', asks: [/^blksize tsize( multicast)?$/] },
  {
    name: 'EDK2',
    order: 'inorder',
    ...POSITION,
    once: false,
    timer: 'some',
    asks: [/^(tsize )?blksize( windowsize)?$/],
  },
  { name: 'RFC 7440', ...WINDOWED, repeat: 'ack' },
  { name: 'RFC 7440, silent on repeats', ...WINDOWED },
  { name: 'RFC 7440, an ACK for each block', ...WINDOWED, repeat: 'ack', each: true },
  { name: 'RFC 7440, an ACK for each block, silent on repeats', ...WINDOWED, each: true },
  {
    // busybox among them, which asks as others do when it has a block size.
    name: 'silent on repeats',
    order: 'inorder',
    ...SILENT,
    once: false,
    timer: 'some',
    asks: [/^tsize$/],
    isCommon: true,
  },
]

/** A client with a window has asked for it. */
const WINDOW_OPTION = 'windowsize'

/** What it costs to take a client for one that asks in another way: a program writes its options in one order. */
const OTHER_REQUEST_COST = 12
const COMMON_COST = 4

export interface LikelyHabits {
  readonly habits: Habits
  /** The cost of the request under these habits. */
  readonly cost: number
}

/**
 * The likely ones first. `names`: of the options asked, in lower case; undefined where the request is not known. `isEach`: the client acknowledges
 * blocks inside its windows. `hasWindow`: one was negotiated.
 */
export function likelyHabits(names: string | undefined, isEach: boolean, hasWindow: boolean): LikelyHabits[] {
  const mayAsk = (asks: RegExp): boolean =>
    names === undefined ? !hasWindow || asks.source.includes(WINDOW_OPTION) : asks.test(names)
  return HABITS.filter(({ each }) => each !== true || isEach)
    .map((habits) => ({
      habits,
      cost: habits.asks.some(mayAsk) ? 0 : habits.isCommon === true ? COMMON_COST : OTHER_REQUEST_COST,
    }))
    .sort((a, b) => a.cost - b.cost)
}
