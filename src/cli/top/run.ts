/** Joins the stream of a server, the keys and the terminal. */
import { emitKeypressEvents, type Key } from 'node:readline'
import type { FollowedEvent } from '../../control/follow.ts'
import { styleFor } from '../render/style.ts'
import type { StreamOutput } from '../render/output.ts'
import { TopModel, type Wish } from './model.ts'
import { screenLines } from './screen.ts'

/** The screen changes at most this often; keys show at once. */
const DRAW_EVERY_MS = 200
const PLOT_EVERY_MS = 1000
const ENTER_SCREEN = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE_SCREEN = '\x1b[?7h\x1b[?25h\x1b[?1049l'

export interface TopWorld {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown }
  readonly output: StreamOutput
  now(): number
  /** As `followServer`. */
  follow(take: (event: FollowedEvent) => void, signal: AbortSignal): Promise<boolean>
  /** Resolves with what to say of it. */
  abort(id: number): Promise<string>
  /** The plot of a transfer's packets, as lines. */
  plot(id: number, columns: number): Promise<readonly string[]>
}

/** Until `q`, the end of the server, or `signal`. Resolves with false where no server runs. */
export async function runTop(world: TopWorld, signal: AbortSignal): Promise<boolean> {
  const { input, output } = world
  const model = new TopModel()
  const style = styleFor(output.stream)
  const ending = new AbortController()
  let plot: readonly string[] | undefined
  let isDrawn = false
  const draw = (): void => {
    const lines = screenLines(model, output, world.now(), style, model.plotted === undefined ? undefined : plot)
    output.write(`${isDrawn ? '' : ENTER_SCREEN}\x1b[H${lines.map((line) => `${line}\x1b[K\r\n`).join('')}\x1b[J`)
    isDrawn = true
  }
  const carryOut = async (wish: Wish): Promise<void> => {
    if (wish.type === 'quit') return ending.abort()
    if (wish.type === 'abort') model.note = await world.abort(wish.id)
    else plot = await world.plot(wish.id, output.columns)
    draw()
  }
  const pressed = (text: string | undefined, key: Key): void => {
    const wish = model.key(keyName(text, key))
    if (wish !== undefined) {
      carryOut(wish).catch((error: Error) => {
        model.note = error.message
        draw()
      })
    }
    draw()
  }
  signal.addEventListener('abort', () => ending.abort())
  const timer = setInterval(draw, DRAW_EVERY_MS)
  const plotTimer = setInterval(() => {
    const id = model.plotted
    if (id === undefined) return
    // The next one tries again.
    world.plot(id, output.columns).then(
      (lines) => (plot = lines),
      () => {},
    )
  }, PLOT_EVERY_MS)
  emitKeypressEvents(input)
  input.setRawMode?.(true)
  input.on('keypress', pressed)
  input.resume()
  try {
    return await world.follow((event) => model.apply(event), ending.signal)
  } finally {
    clearInterval(timer)
    clearInterval(plotTimer)
    input.off('keypress', pressed)
    input.setRawMode?.(false)
    input.pause()
    if (isDrawn) output.write(LEAVE_SCREEN)
  }
}

function keyName(text: string | undefined, { name, ctrl }: Key): string {
  if (ctrl === true && name === 'c') return 'ctrl-c'
  if (name !== undefined && name.length > 1 && name !== 'space') return name
  return text ?? ''
}
