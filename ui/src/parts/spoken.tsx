/** What begins, stalls and ends, for a screen reader. Many changes at once are one sentence, and a sentence stays for a while. */
import { useEffect, useState } from 'preact/hooks'
import { live } from '../live.ts'
import { newsText } from '../words.ts'

const LEAST_MS = 1500

export function Spoken() {
  const [text, setText] = useState('')
  const [since, setSince] = useState(0)
  const news = live.news.value
  useEffect(() => {
    const next = news === undefined ? '' : newsText(news)
    if (next === '') return
    const timer = setTimeout(
      () => {
        setText(next)
        setSince(Date.now())
      },
      Math.max(0, since + LEAST_MS - Date.now()),
    )
    return () => clearTimeout(timer)
  }, [news])
  return (
    <p class="unseen" role="status">
      {text}
    </p>
  )
}
