/**
 * One bounded cache of file chunks for all images, least recently used out first: a hundred clients of one file read it
 * from the disk once, and a transfer that waits holds nothing. Chunks belong to one version of one file (a `ChunkSource`).
 */

export const CHUNK_BYTES = 65536
/** All chunks of all images together. */
export const CACHE_BYTES = 32 * 1024 * 1024
/** Unused buffers that are kept for the next image; the rest goes back to the system. */
const KEPT_FREE = 64

export interface ChunkSource {
  /** Chunk number to slot; owned and kept by the cache. */
  readonly slots: Map<number, number>
  /** Reads chunk `chunk` into `target` (CHUNK_BYTES long) and returns its length in bytes. May throw. */
  fill(chunk: number, target: Buffer): number
}

export class ChunkCache {
  readonly #capacity: number
  readonly #buffers: (Buffer | undefined)[] = []
  readonly #owners: (ChunkSource | undefined)[] = []
  readonly #chunks: Float64Array
  readonly #lengths: Int32Array
  // A ring of slots from most to least recently used; the entry at `capacity` is both ends.
  readonly #older: Int32Array
  readonly #newer: Int32Array
  readonly #free: number[] = []

  constructor(sizeBytes: number = CACHE_BYTES) {
    this.#capacity = Math.max(1, Math.floor(sizeBytes / CHUNK_BYTES))
    this.#chunks = new Float64Array(this.#capacity)
    this.#lengths = new Int32Array(this.#capacity)
    this.#older = new Int32Array(this.#capacity + 1)
    this.#newer = new Int32Array(this.#capacity + 1)
    this.#older[this.#capacity] = this.#capacity
    this.#newer[this.#capacity] = this.#capacity
  }

  /**
   * Copies at most `length` bytes of chunk `chunk` from `from` to `target`, reading the chunk when it is not here.
   * Returns the bytes copied: fewer when the chunk is shorter. What `fill` throws is thrown on, and nothing is kept.
   */
  copy(
    source: ChunkSource,
    chunk: number,
    from: number,
    target: Uint8Array,
    targetOffset: number,
    length: number,
  ): number {
    const slot = source.slots.get(chunk) ?? this.#load(source, chunk)
    if (this.#newer[slot] !== this.#capacity) {
      this.#unlink(slot)
      this.#link(slot)
    }
    const bytes = Math.min(length, this.#lengths[slot] - from)
    if (bytes <= 0) return 0
    this.#buffers[slot]?.copy(target, targetOffset, from, from + bytes)
    return bytes
  }

  /** Forgets every chunk of `source`. */
  drop(source: ChunkSource): void {
    for (const slot of source.slots.values()) {
      this.#unlink(slot)
      this.#release(slot)
    }
    source.slots.clear()
  }

  /** Chunks that are held now. */
  get size(): number {
    return this.#buffers.length - this.#free.length
  }

  #load(source: ChunkSource, chunk: number): number {
    const slot = this.#take()
    try {
      this.#buffers[slot] ??= Buffer.allocUnsafeSlow(CHUNK_BYTES)
      this.#lengths[slot] = source.fill(chunk, this.#buffers[slot])
    } catch (cause) {
      this.#release(slot)
      throw cause
    }
    this.#owners[slot] = source
    this.#chunks[slot] = chunk
    source.slots.set(chunk, slot)
    this.#link(slot)
    return slot
  }

  /** A slot in no list: a free one, a new one, or that of the least recently used chunk. */
  #take(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#buffers.length < this.#capacity) {
      this.#owners.push(undefined)
      return this.#buffers.push(undefined) - 1
    }
    const oldest = this.#newer[this.#capacity]
    this.#owners[oldest]?.slots.delete(this.#chunks[oldest])
    this.#unlink(oldest)
    return oldest
  }

  #release(slot: number): void {
    this.#owners[slot] = undefined
    if (this.#free.length >= KEPT_FREE) this.#buffers[slot] = undefined
    this.#free.push(slot)
  }

  #link(slot: number): void {
    const first = this.#older[this.#capacity]
    this.#older[slot] = first
    this.#newer[slot] = this.#capacity
    this.#newer[first] = slot
    this.#older[this.#capacity] = slot
  }

  #unlink(slot: number): void {
    this.#older[this.#newer[slot]] = this.#older[slot]
    this.#newer[this.#older[slot]] = this.#newer[slot]
  }
}

/** The cache that every store uses unless it is given another one. */
export const sharedChunks = new ChunkCache()
