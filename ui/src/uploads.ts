/** Files that are put onto the server from the page. An existing file is replaced only after a yes. */
import { signal } from '@preact/signals'
import { Problem, put } from './api.ts'
import { settled } from './hooks.ts'
import { live } from './live.ts'
import { fragmentOf } from './route.ts'

export interface Upload {
  readonly key: number
  readonly name: string
  readonly file: Blob
  readonly state: 'sending' | 'exists' | 'done' | 'failed'
  /** 0 to 1. */
  readonly share: number
  readonly problem: string
}

export const uploads = signal<readonly Upload[]>([])
/** A file is dragged over the page. */
export const dragState = signal(false)

let nextKey = 1

export function upload(files: Iterable<File>): void {
  for (const file of files) {
    const key = nextKey++
    uploads.value = [...uploads.value, { key, name: file.name, file, state: 'sending', share: 0, problem: '' }]
    void send(key, false)
  }
}

/** The yes to replace a file. */
export function replace(key: number): void {
  void send(key, true)
}

export function dismiss(key: number): void {
  uploads.value = uploads.value.filter((one) => one.key !== key)
}

async function send(key: number, overwrite: boolean): Promise<void> {
  const found = uploads.value.find((one) => one.key === key)
  if (found === undefined) return
  change(key, { state: 'sending', share: 0, problem: '' })
  try {
    await put(found.name, found.file, overwrite, (share) => change(key, { share }))
    change(key, { state: 'done', share: 1 })
    settled.value++
  } catch (error) {
    const isThere = !overwrite && error instanceof Problem && error.status === 409
    change(key, {
      state: isThere ? 'exists' : 'failed',
      problem: error instanceof Error ? error.message : String(error),
    })
  }
}

function change(key: number, more: Partial<Upload>): void {
  uploads.value = uploads.value.map((one) => (one.key === key ? { ...one, ...more } : one))
}

/** A file may be dropped anywhere on the page. Without this a browser would leave the page and show the file. */
export function watchDrops(): void {
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    dragState.value = true
  })
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) dragState.value = false
  })
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    dragState.value = false
    if (live.status.value?.writable !== true) return
    location.hash = fragmentOf({ view: 'files', search: '' })
    upload(event.dataTransfer?.files ?? [])
  })
}
