/** What this program says by itself: verdicts, advice, hints. A command in backticks is drawn as code. A text that may quote a peer is no such text. */
import { codeSpans } from '../code-spans.ts'
import { Words } from './words.tsx'

export function Advice({ text }: { readonly text: string }) {
  return (
    <>
      {codeSpans(text).map((part, index) =>
        index % 2 === 0 ? (
          <Words key={index} text={part} />
        ) : (
          <code key={index}>
            <Words text={part} />
          </code>
        ),
      )}
    </>
  )
}
