/** A text that a peer made: its own direction, nothing invisible, never markup. */
import { visible } from '../visible.ts'

export function Name({ text }: { readonly text: string }) {
  return <bdi class="name">{text.trim() === '' ? `(${text === '' ? 'empty' : 'blank'} name)` : visible(text)}</bdi>
}

/** The name that was asked for, and what it stands for where that is another. */
export function FileName({ file, served }: { readonly file: string; readonly served?: string | undefined }) {
  return (
    <>
      <Name text={file} />
      {served !== undefined && served !== file && (
        <span class="quiet">
          {' → '}
          <Name text={served} />
        </span>
      )}
    </>
  )
}
