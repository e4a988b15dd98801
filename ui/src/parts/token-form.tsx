/** Asks for the token where the server wants one. */
import { useState } from 'preact/hooks'
import { tokenWanted } from '../api.ts'
import { setToken, token } from '../token.ts'

export function TokenForm({ done }: { readonly done: () => void }) {
  const [value, setValue] = useState('')
  const send = (event: Event): void => {
    event.preventDefault()
    const given = value.trim().replace(/^.*#t=/, '')
    if (given === '') return
    setToken(given)
    tokenWanted.value = false
    done()
  }
  return (
    <section class="token" aria-labelledby="token-title">
      <h2 id="token-title">This needs the token of the server</h2>
      <p>
        {token() === undefined
          ? 'Open the link that the server printed when it was started; it ends with the token. Or put the link, or the token, here.'
          : 'The token of this tab is not the right one: the server may have been started anew. Put the link that it printed, or the token, here.'}
      </p>
      <form class="inline" onSubmit={send}>
        <label>
          Link or token
          <input
            type="password"
            autocomplete="off"
            value={value}
            onInput={(event) => setValue(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          Go on
        </button>
      </form>
    </section>
  )
}
