/** A text of the server that may quote a peer. */
import { visible } from '../visible.ts'

const FROM_RIGHT = '\\u0590-\\u08FF\\uFB1D-\\uFDFF\\uFE70-\\uFEFC\\u{10800}-\\u{10FFF}\\u{1E800}-\\u{1EFFF}'
/** Letters that are written from right to left, with what stands between them. */
const RUN = new RegExp(`([${FROM_RIGHT}](?:[^${FROM_RIGHT}\\p{L}]*[${FROM_RIGHT}])*)`, 'u')

/** Such runs are isolated: all around them keeps its order. */
export function Words({ text }: { readonly text: string }) {
  // Every second part is a run.
  return (
    <>
      {visible(text)
        .split(RUN)
        .map((part, index) => (index % 2 === 0 ? part : <bdi key={index}>{part}</bdi>))}
    </>
  )
}
