/** Text for the page. What came from the network went through `escapeText` before: that is for the eye, this is for the browser. */

export function html(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

/** A sentence of the diagnosis, with its commands (in backquotes) as code. */
export function prose(text: string): string {
  return html(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

/** JSON that cannot end its script element. */
export function scriptJson(value: object): string {
  return JSON.stringify(value).replace(/</g, '\\u003c')
}
