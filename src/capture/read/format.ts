/**
 * How a file format is read piece by piece. A file is a row of items (a header, a record, a block); `CaptureReader` gathers the bytes of one
 * and hands it over. An item that lies whole in the bytes that were pushed is read there, without a copy.
 */
export interface FormatReader {
  /**
   * How many bytes the item at `at` has, as far as the `available` bytes from there tell: more than `available` asks for more. At most
   * MAX_ITEM_BYTES. Sets `broken` when the item makes no sense.
   */
  need(b: Uint8Array, at: number, available: number): number
  /** Reads an item of `need` bytes, all of which are there. Returns how many bytes behind it are to be skipped unread. */
  take(b: Uint8Array, at: number): number
  /** Why the file cannot be read beyond the present item; undefined while it can. One line. */
  readonly broken: string | undefined
  /** What ends when the file ends inside the present item: "frame 12", "a block". */
  readonly inside: string
  readonly droppedFrames: number | undefined
  /** When the program stopped to capture, since 1970; undefined where the file does not say. */
  readonly endSeconds: number | undefined
}

/** The largest frame that is read: the limit of Wireshark and libpcap. A larger one is a damaged length. */
export const MAX_FRAME_BYTES = 262_144
/** The largest item that is held in memory: a frame with its comments. */
export const MAX_ITEM_BYTES = 1 << 20
