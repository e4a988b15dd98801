/**
 * One timer for many transfers. Each transfer is a slot number with at most one deadline. A binary heap keeps the
 * order (wheels of buckets cannot give 0.1 ms without sorting their buckets), and it is lazy: a deadline moved later,
 * which happens with every block, writes one number and leaves the heap alone until the old time comes.
 * No allocation but when the highest slot grows.
 */

const FIRST_CAPACITY = 64

export class TimerWheel {
  /** When the slot wants to be called. */
  #due = new Float64Array(FIRST_CAPACITY)
  /** Where the slot stands in the heap: never later than `#due`. */
  #key = new Float64Array(FIRST_CAPACITY)
  /** Index in the heap, -1 when it is not there. */
  #place = new Int32Array(FIRST_CAPACITY).fill(-1)
  #heap = new Int32Array(FIRST_CAPACITY)
  #size = 0

  /** Slots that wait for a time. One that was set to Infinity counts until its earlier time has passed. */
  get size(): number {
    return this.#size
  }

  /** Replaces the deadline of `slot`, in milliseconds; Infinity for none. O(1) when it moves later. NaN counts as none. */
  set(slot: number, at: number): void {
    if (slot >= this.#due.length) this.#grow(slot + 1)
    const due = at < Infinity ? at : Infinity
    this.#due[slot] = due
    const place = this.#place[slot]
    if (place >= 0) {
      if (due >= this.#key[slot]) return
      this.#key[slot] = due
      this.#up(place, slot)
    } else if (due < Infinity) {
      this.#key[slot] = due
      this.#up(this.#size++, slot)
    }
  }

  /** Moves the deadline of `slot` to `at` when it is earlier. */
  notBefore(slot: number, at: number): void {
    if (slot < this.#place.length && this.#place[slot] >= 0 && this.#due[slot] < at) this.#due[slot] = at
  }

  /** Takes the slot out at once, so that it may be given to another transfer. */
  clear(slot: number): void {
    if (slot < this.#place.length && this.#place[slot] >= 0) this.#remove(this.#place[slot])
  }

  /** No deadline comes before this time; Infinity when there is none. May be early, never late. */
  next(): number {
    return this.#size === 0 ? Infinity : this.#key[this.#heap[0]]
  }

  /** Takes out one slot that is due at `now` and returns it, -1 when there is none. In no promised order among those due. */
  pop(now: number): number {
    while (this.#size > 0) {
      const slot = this.#heap[0]
      if (this.#key[slot] > now) return -1
      const due = this.#due[slot]
      if (due <= now) {
        this.#remove(0)
        return slot
      }
      if (due === Infinity) {
        this.#remove(0)
      } else {
        this.#key[slot] = due
        this.#down(0, slot)
      }
    }
    return -1
  }

  #remove(place: number): void {
    const slot = this.#heap[place]
    this.#place[slot] = -1
    const last = this.#heap[--this.#size]
    if (last === slot) return
    this.#down(place, last)
    if (this.#place[last] === place) this.#up(place, last)
  }

  #up(from: number, slot: number): void {
    const heap = this.#heap
    const key = this.#key[slot]
    let place = from
    while (place > 0) {
      const parentPlace = (place - 1) >> 1
      const parent = heap[parentPlace]
      if (this.#key[parent] <= key) break
      heap[place] = parent
      this.#place[parent] = place
      place = parentPlace
    }
    heap[place] = slot
    this.#place[slot] = place
  }

  #down(from: number, slot: number): void {
    const heap = this.#heap
    const key = this.#key[slot]
    let place = from
    for (;;) {
      let childPlace = 2 * place + 1
      if (childPlace >= this.#size) break
      if (childPlace + 1 < this.#size && this.#key[heap[childPlace + 1]] < this.#key[heap[childPlace]]) childPlace++
      const child = heap[childPlace]
      if (this.#key[child] >= key) break
      heap[place] = child
      this.#place[child] = place
      place = childPlace
    }
    heap[place] = slot
    this.#place[slot] = place
  }

  #grow(atLeast: number): void {
    let capacity = this.#due.length
    while (capacity < atLeast) capacity *= 2
    const due = new Float64Array(capacity)
    due.set(this.#due)
    this.#due = due
    const key = new Float64Array(capacity)
    key.set(this.#key)
    this.#key = key
    const place = new Int32Array(capacity).fill(-1)
    place.set(this.#place)
    this.#place = place
    const heap = new Int32Array(capacity)
    heap.set(this.#heap)
    this.#heap = heap
  }
}
