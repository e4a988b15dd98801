/** What is served: names, sizes, digests to compare on the device, and new files where that is allowed. */
import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { get, pathOf } from '../api.ts'
import { Bar } from '../parts/bar.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { Name } from '../parts/name.tsx'
import { Waiting } from '../parts/loading.tsx'
import { More } from '../parts/more.tsx'
import { settled, useLoad, usePages, useTyped } from '../hooks.ts'
import { live } from '../live.ts'
import { queryOf, replaceRoute } from '../route.ts'
import { sizeText } from '../units.ts'
import { dismiss, replace, upload, uploads, type Upload } from '../uploads.ts'
import { visible } from '../visible.ts'
import { uBootLine, whenText } from '../words.ts'
import { type Digests, msOf, type ServedFile } from '../wire.ts'
import { Advice } from '../parts/advice.tsx'

const PAGE_ROWS = 100

interface Page {
  readonly files: readonly ServedFile[]
  readonly next: string | null
}

export function FilesView({ search }: { readonly search: string }) {
  const loaded = useLoad((signal) => pageOf(search, undefined, signal), [search, settled.value])
  const pages = usePages(loaded.value, (after) => pageOf(search, after), [search, loaded.value])
  const files = pages.pages.flatMap((page) => page.files)
  return (
    <section>
      <h1>Files</h1>
      <p class="lead">What devices can ask for. Compare a digest on the device before you write an image to flash.</p>
      <SearchForm search={search} />
      <Uploads />
      <Waiting loaded={loaded} />
      {loaded.value !== undefined && files.length === 0 && (
        <p class="idle">{search === '' ? 'No file is served.' : 'No file fits.'}</p>
      )}
      <ul class="list files">
        {files.map((file) => (
          <FileItem key={file.name} file={file} />
        ))}
      </ul>
      <More pages={pages} title="More files" />
    </section>
  )
}

function pageOf(search: string, after: string | undefined, signal?: AbortSignal): Promise<Page> {
  return get<Page>(`/files?${queryOf({ search, after, limit: PAGE_ROWS })}`, signal)
}

function SearchForm({ search }: { readonly search: string }) {
  const tell = (typed: string): void => replaceRoute({ view: 'files', search: typed })
  const [typed, setTyped] = useTyped(search, String, tell)
  return (
    <form class="inline" role="search" aria-label="Files" onSubmit={(event) => event.preventDefault()}>
      <label>
        Search
        <input
          type="search"
          placeholder="part of a name"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <AddFiles />
    </form>
  )
}

function AddFiles() {
  const input = useRef<HTMLInputElement>(null)
  if (live.status.value?.writable !== true) {
    return <p class="quiet note">To add files from this page, start the server with --http-writable.</p>
  }
  const chosen = (): void => {
    upload(input.current?.files ?? [])
    if (input.current !== null) input.current.value = ''
  }
  return (
    <>
      <input
        class="unseen"
        tabIndex={-1}
        type="file"
        multiple
        ref={input}
        aria-label="Files to serve"
        onChange={chosen}
      />
      <button type="button" class="primary" onClick={() => input.current?.click()}>
        Add files …
      </button>
      <p class="quiet note drop-hint">or drop them anywhere on the page</p>
    </>
  )
}

function Uploads() {
  if (uploads.value.length === 0) return null
  return (
    <ul class="list uploads" aria-label="Files on their way" aria-live="polite">
      {uploads.value.map((one) => (
        <UploadItem key={one.key} one={one} />
      ))}
    </ul>
  )
}

function UploadItem({ one }: { readonly one: Upload }) {
  const { key, name, state, share, problem, file } = one
  return (
    <li class={state === 'failed' ? 'bad' : undefined}>
      <p>
        <Name text={name} /> <span class="quiet">{sizeText(file.size)}</span>
      </p>
      {state === 'sending' && (
        <Bar label={`${visible(name)}, on its way`} bytes={share * file.size} sizeBytes={file.size} tone="running" />
      )}
      {state === 'done' && <p>Served now.</p>}
      {state === 'failed' && (
        <p class="problem">
          <Advice text={problem} />
        </p>
      )}
      {state === 'exists' && (
        <div class="confirm">
          <span>A file of this name is served already. Replace it?</span>
          <button type="button" class="danger" onClick={() => replace(key)}>
            Replace
          </button>
        </div>
      )}
      {state !== 'sending' && (
        <button type="button" class="small" aria-label={`Dismiss ${visible(name)}`} onClick={() => dismiss(key)}>
          {state === 'exists' ? 'Keep the old one' : 'Dismiss'}
        </button>
      )}
    </li>
  )
}

function FileItem({ file }: { readonly file: ServedFile }) {
  const [isOpen, setOpen] = useState(false)
  const modified = msOf(file.modified)
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <Name text={file.name} />
          <span class="quiet num">{sizeText(file.sizeBytes)}</span>
          {modified !== undefined && <span class="quiet when">{whenText(modified)}</span>}
        </summary>
        {isOpen && <DigestsOf file={file} />}
      </details>
    </li>
  )
}

function DigestsOf({ file }: { readonly file: ServedFile }) {
  const loaded = useLoad(
    (signal) => get<Digests>(`/files/${pathOf(file.name)}/digests`, signal),
    [file.name, file.sizeBytes, file.modified],
  )
  const digests = loaded.value
  if (digests === undefined) return <Waiting loaded={loaded} />
  const line = uBootLine(digests.sizeBytes)
  return (
    <dl class="digests">
      <Digest title="Size">
        <code>{digests.sizeBytes}</code> bytes, <code>0x{digests.sizeBytes.toString(16)}</code>
      </Digest>
      <Digest title="U-Boot">
        <code>{line}</code> must show <code>{digests.crc32}</code> <CopyButton text={line} what="the line for U-Boot" />
      </Digest>
      <Digest title="SHA-256">
        <code>{digests.sha256}</code> <CopyButton text={digests.sha256} what="the SHA-256" />
      </Digest>
      {digests.md5 !== undefined && (
        <Digest title="MD5">
          <code>{digests.md5}</code> <CopyButton text={digests.md5} what="the MD5" />
        </Digest>
      )}
      <Digest title="CRC32">
        <code>{digests.crc32}</code>
      </Digest>
    </dl>
  )
}

function Digest({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  )
}
