/** Functions of JavaScript for pages that draw plots: `el` makes an element, of SVG where its name says so, and `ticks` finds round numbers between two. */
export const PLOT_SCRIPT = String.raw`
function el(name, attributes, ...children) {
  const svg = ['svg', 'path', 'line', 'text', 'circle', 'rect', 'g'].includes(name)
  const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name)
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value)
  node.append(...children)
  return node
}

function ticks(low, high, most) {
  const span = high - low || 1
  let step = 10 ** Math.floor(Math.log10(span / most))
  for (const factor of [2, 5, 10]) if (span / step > most) step = 10 ** Math.floor(Math.log10(span / most)) * factor
  const list = []
  for (let v = Math.ceil(low / step) * step; v <= high + step / 1e6; v += step) list.push(Math.abs(v) < step / 1e6 ? 0 : v)
  return list
}
`
