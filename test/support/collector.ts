import type { StreamOutput } from '../../src/cli/render/output.ts'

/** Standard output of a command, kept as text: no terminal, 100 columns. */
export function collector(): { output: StreamOutput; text: () => string } {
  let text = ''
  const stream = Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, { isTTY: false })
  const write = (piece: string): void => void (text += piece)
  return { output: { stream, broken: undefined, isTTY: false, columns: 100, rows: 24, write }, text: () => text }
}
