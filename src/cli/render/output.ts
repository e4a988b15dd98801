/**
 * A process stream made safe to print to: a reader that goes away (`foresend serve | head`) is not a crash. What is written in
 * one go leaves together, as a busy server has thousands of lines in a second.
 */
import type { Output } from './board.ts'

/** A stream to print to; what only terminals have is absent elsewhere. */
export type PrintStream = NodeJS.WritableStream &
  Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'>> &
  Pick<NodeJS.WriteStream, 'writableNeedDrain'>

export interface StreamOutput extends Output {
  readonly stream: PrintStream
  /** The code of the first write that failed: EPIPE when the reader left, EIO when the terminal was closed. */
  readonly broken: string | undefined
}

/** Wraps `stream`. `onBroken` is called once, with the system's error code; what is written later is dropped. */
export function outputTo(stream: PrintStream, onBroken: (code: string) => void = () => {}): StreamOutput {
  let broken: string | undefined
  let waiting = ''
  const flush = (): void => {
    const text = waiting
    waiting = ''
    if (broken === undefined) stream.write(text)
  }
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (broken !== undefined) return
    broken = error.code ?? 'EIO'
    onBroken(broken)
  })
  return {
    stream,
    get broken() {
      return broken
    },
    get isTTY() {
      return stream.isTTY === true && process.env.TERM !== 'dumb'
    },

    get columns() {
      return stream.columns || 80
    },
    get rows() {
      return stream.rows || 24
    },
    write(text) {
      if (waiting === '') queueMicrotask(flush)
      waiting += text
    },
  }
}
