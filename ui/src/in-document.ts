/** The snapshot that the server put into the document, where it lets everybody read: what happens now is drawn without another question. */

export interface FrameInDocument {
  /** The stream goes on behind it. */
  readonly id: string
  readonly data: string
}

export function frameInDocument(): FrameInDocument | undefined {
  const place = document.getElementById('snapshot')
  const id = place?.dataset['frame']
  return id === undefined ? undefined : { id, data: place?.textContent ?? '' }
}
