/** Patterns of file names in rules: `*` is any run of characters, slashes too, `?` is one. Matching takes no more than length times length. */

/** Whether `pattern` covers the whole of `name`; a slash in front of either does not count. Case counts where the files' system has it count. */
export function fitsName(pattern: string, name: string, platform: NodeJS.Platform = process.platform): boolean {
  const fold = platform === 'win32' || platform === 'darwin'
  const p = plain(pattern, fold)
  const n = plain(name, fold)
  let inPattern = 0
  let inName = 0
  /** Behind the last star, and where the run that it stands for ends so far. */
  let afterStar = -1
  let runEnd = 0
  while (inName < n.length) {
    if (p[inPattern] === '*') {
      afterStar = ++inPattern
      runEnd = inName
    } else if (inPattern < p.length && (p[inPattern] === '?' || p[inPattern] === n[inName])) {
      inPattern++
      inName++
    } else if (afterStar >= 0) {
      inPattern = afterStar
      inName = ++runEnd
    } else return false
  }
  while (p[inPattern] === '*') inPattern++
  return inPattern === p.length
}

function plain(text: string, fold: boolean): string {
  const bare = text.startsWith('/') ? text.slice(1) : text
  return fold ? bare.toLowerCase() : bare
}
