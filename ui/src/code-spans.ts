/** Commands inside a sentence, which stand between backticks. */
const SPAN = /`([^`\n]+)`/

/** The parts of `text` in their order: every second one is a command, without its backticks. A backtick that has no partner stays. */
export function codeSpans(text: string): string[] {
  return text.split(SPAN)
}
