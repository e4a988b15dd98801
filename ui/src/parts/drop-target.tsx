/** What a file that is dragged over the page would do. */
import { dragState } from '../uploads.ts'
import { live } from '../live.ts'

export function DropTarget() {
  if (!dragState.value) return null
  return (
    <div class="drop" aria-hidden="true">
      <p>
        {live.status.value?.writable === true
          ? 'Drop to serve it'
          : 'This server takes no files from the page: start it with --http-writable'}
      </p>
    </div>
  )
}
