/** Runs the watch: frames of a card or of a capture, and the time, into the watcher; its events to the screen. */
import { type OwnAddresses, Watcher } from '../../capture/watch/watcher.ts'
import type { LinkState, WatchEvent, WatchSetup } from '../../capture/watch/contract.ts'
import { timeMs } from '../../capture/read/record.ts'
import { defaultStateFolder, loadProfiles, loadVendors } from '../../content/profile-files.ts'
import { addressesOf, linkState } from '../../io/card-link.ts'
import { type FrameSource, openFrameSource } from '../../io/frame-source.ts'
import { loadNative, type Native } from '../../io/native/linux.ts'
import { readFrames } from '../../io/open-capture.ts'
import type { Context } from '../context.ts'
import { jsonLine } from '../render/json.ts'
import { styleFor } from '../render/style.ts'
import { countText } from '../render/units.ts'
import type { Place } from './advice.ts'
import { cannotListen, type ChosenCard, chooseCard } from './card.ts'
import type { WatchFlags } from './flags.ts'
import { eventJson } from './json.ts'
import { eventLines } from './words.ts'

/** Frames are read this often: the kernel notes the time of each, so that nothing but the screen is later for it. */
const READ_EVERY_MS = 40
/** How often the link is looked at. */
const LOOK_EVERY_MS = 1000
/** Between two frames of a file the watcher's waits end in steps of this, for as long as any of them lasts. */
const STEP_MS = 250
const LONGEST_WAIT_MS = 20_000

/** Returns the number of requests that were heard. */
export async function watchFile(context: Context, path: string, flags: WatchFlags): Promise<number> {
  const print = printer(context, flags, undefined, path)
  const known = setup(context, flags)
  let watcher: Watcher | undefined
  let lastMs = 0
  const { broken } = await readFrames(path, (record) => {
    const nowMs = timeMs(record)
    watcher ??= new Watcher(known, nowMs, print)
    if (lastMs > 0) pass(watcher, lastMs, nowMs)
    lastMs = nowMs
    watcher.frame(record)
  })
  watcher?.end()
  if (broken !== undefined)
    context.stderr.write(`foresend: the capture breaks off at byte ${broken.atByte}: ${broken.reason}\n`)
  const requests = watcher?.requests ?? 0
  if (requests === 0) context.stderr.write('foresend: no device asks for a file in this capture\n')
  return requests
}

function pass(watcher: Watcher, fromMs: number, toMs: number): void {
  const until = Math.min(toMs, fromMs + LONGEST_WAIT_MS)
  for (let at = fromMs + STEP_MS; at < until; at += STEP_MS) watcher.time(at)
  watcher.time(toMs)
}

/** Listens until it is stopped. Returns the number of requests that were heard. */
export async function watchCard(context: Context, wanted: string | undefined, flags: WatchFlags): Promise<number> {
  const native = loadNative()
  if (typeof native === 'string') throw cannotListen(native)
  const chosen = chooseCard(wanted)
  const stopped = Promise.withResolvers<void>()
  // Signals are watched before the first line is printed: one may come right after it.
  const unwatch = context.watch(() => stopped.resolve())
  const live = new LiveWatch(context, native, chosen, flags)
  const timer = setInterval(() => {
    try {
      if (live.turn()) stopped.resolve()
    } catch (error) {
      stopped.reject(error as Error)
    }
  }, READ_EVERY_MS)
  try {
    await stopped.promise
  } finally {
    clearInterval(timer)
    unwatch()
    live.close()
  }
  return live.requests
}

class LiveWatch {
  readonly #context: Context
  readonly #native: Native
  readonly #card: ChosenCard
  readonly #flags: WatchFlags
  readonly #place: { card: string; addresses: readonly string[] }
  readonly #watcher: Watcher
  readonly #startMs: number
  #source: FrameSource
  #link: LinkState = 'up'
  #own: OwnAddresses | undefined
  #lookedMs = 0
  /** Of sources that were closed: a card that is plugged in again is another one. */
  #dropped = 0

  constructor(context: Context, native: Native, card: ChosenCard, flags: WatchFlags) {
    this.#context = context
    this.#native = native
    this.#card = card
    this.#flags = flags
    this.#place = { card: card.name, addresses: [] }
    this.#startMs = context.now()
    this.#source = this.#open()
    this.#watcher = new Watcher(setup(context, flags), this.#startMs, printer(context, flags, this.#place, card.name))
    this.#watcher.own = () => this.#ownAddresses()
    this.#greet()
    this.#look(this.#startMs)
  }

  get requests(): number {
    return this.#watcher.requests
  }

  /** Reads what has arrived. Returns true when the watch has what it was to wait for. */
  turn(): boolean {
    const nowMs = this.#context.now()
    this.#own = undefined
    if (nowMs - this.#lookedMs >= LOOK_EVERY_MS) this.#look(nowMs)
    this.#source.read((record) => this.#watcher.frame(record))
    this.#watcher.time(nowMs)
    const { count, seconds } = this.#flags
    return (
      this.#context.stdout.broken !== undefined ||
      (count !== undefined && this.#watcher.ended >= count) ||
      (seconds !== undefined && nowMs - this.#startMs >= seconds * 1000)
    )
  }

  close(): void {
    this.#watcher.end()
    this.#source.close()
    const dropped = this.#dropped + this.#source.dropped
    if (dropped > 0)
      this.#context.stderr.write(
        `foresend: ${countText(dropped, 'frame')} came faster than they could be read: packets may look lost that were not\n`,
      )
  }

  #look(nowMs: number): void {
    this.#lookedMs = nowMs
    const state = linkState(this.#card.name)
    if (this.#link === 'gone' && state !== 'gone') {
      this.#dropped += this.#source.dropped
      this.#source.close()
      this.#source = this.#open()
    }
    this.#link = state
    this.#watcher.link(nowMs, state)
  }

  /** Read once in a turn, where a device asks for an address at all. */
  #ownAddresses(): OwnAddresses {
    if (this.#own === undefined) {
      this.#own = addressesOf(this.#card.name)
      this.#place.addresses = this.#own.addresses
    }
    return this.#own
  }

  #open(): FrameSource {
    try {
      return openFrameSource(this.#native, this.#card.name, this.#card.isLoopback)
    } catch (error) {
      throw cannotListen(error, this.#card.name)
    }
  }

  #greet(): void {
    const { stdout, now } = this.#context
    const { addresses } = this.#ownAddresses()
    if (this.#flags.json === true) {
      stdout.write(`${jsonLine({ event: 'watching', time: now(), interface: this.#card.name, addresses })}\n`)
      return
    }
    const has = addresses.length === 0 ? 'no address' : addresses.join(', ')
    stdout.write(`watching ${this.#card.name} (${has}): switch the device on now; Ctrl-C ends\n`)
  }
}

function setup(context: Context, { state }: WatchFlags): WatchSetup {
  const { all, skipped } = loadProfiles(state ?? defaultStateFolder())
  for (const line of skipped) context.stderr.write(`foresend: ${line}\n`)
  return { profiles: [...all.values()].map(({ profile }) => profile), vendors: loadVendors() }
}

/** `source` is what is watched, for programs. */
function printer(
  context: Context,
  { json }: WatchFlags,
  place: Place | undefined,
  source: string,
): (event: WatchEvent) => void {
  const { stdout } = context
  if (json === true) return (event) => stdout.write(`${eventJson(event, place, source)}\n`)
  const style = styleFor(stdout.stream)
  return (event) => stdout.write(`${eventLines(event, place, style).join('\n')}\n`)
}
