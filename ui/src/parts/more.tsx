/** Below a list that has more: the button for the next page, and why it did not come. */
import type { Pages } from '../hooks.ts'

export function More<P>({ pages, title }: { readonly pages: Pages<P>; readonly title: string }) {
  return (
    <>
      {pages.hasMore && (
        <p class="more">
          <button type="button" onClick={pages.more}>
            {title}
          </button>
        </p>
      )}
      {pages.problem !== '' && (
        <p class="problem" role="alert">
          {pages.problem}
        </p>
      )}
    </>
  )
}
