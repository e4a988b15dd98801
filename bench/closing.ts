/** Once the bench is ending nothing more is started, whatever is still under way in it. */

let isClosing = false

export function beginClosing(): void {
  isClosing = true
}

/** Before anything is started that would have to be ended. */
export function checkOpen(): void {
  if (isClosing) throw new Error('the bench is ending')
}
