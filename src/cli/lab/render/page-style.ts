/** How the page of the lab looks, in light and dark. */
export const STYLE = `
:root { color-scheme: light dark;
  --bg: #f5f6f8; --card: #ffffff; --text: #1b2027; --dim: #5b6673; --line: #d8dee6; --focus: #1b2027;
  --good: #1f9d61; --careful: #d9a514; --bad: #e0736b; --worst: #8e24aa; --on-worst: #ffffff;
  --sent: #2563eb; --repeated: #d97706; --lost: #d11f1f; --acked: #0d9488; }
@media (prefers-color-scheme: dark) { :root {
  --bg: #0f1317; --card: #171c22; --text: #e5eaf0; --dim: #95a2b0; --line: #2b343e; --focus: #ffffff;
  --good: #23814f; --careful: #a87f14; --bad: #96403b; --worst: #a53cc4; --on-worst: #ffffff;
  --sent: #6ea0ff; --repeated: #f2a33c; --lost: #ff5f5f; --acked: #34c3b4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
header, main { max-width: 1500px; margin: 0 auto; padding: 20px 24px 0; }
h1 { font-size: 22px; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 17px; margin: 0 0 2px; } h3 { font-size: 14px; margin: 0 0 6px; }
p { margin: 0 0 8px; color: var(--dim); max-width: 100ch; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 8px 0 0; padding: 0; color: var(--dim); font-size: 13px; }
.legend li::before { content: ''; display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 7px; vertical-align: -1px; background: var(--tone); }
.good { --tone: var(--good); } .careful { --tone: var(--careful); } .bad { --tone: var(--bad); } .worst { --tone: var(--worst); }
.matrix { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px 14px; }
table { border-collapse: separate; border-spacing: 2px; }
thead th { height: 165px; vertical-align: bottom; padding: 0 0 6px; font-weight: 500; font-size: 12px; color: var(--dim); }
thead th span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
thead th.ours { color: var(--text); font-weight: 650; }
tbody th { text-align: left; font-weight: 550; white-space: nowrap; padding: 0 14px 0 2px; position: sticky; left: 0; background: var(--card); line-height: 1.2; }
tbody th small { display: block; font-weight: 400; font-size: 11px; color: var(--dim); max-width: 190px; overflow: hidden; text-overflow: ellipsis; }
td { padding: 0; }
td.ours + td:not(.ours), td:not(.ours) + td.ours, th:not(.ours) + th.ours { padding-left: 8px; }
button { font: 12px/1 ui-monospace, SFMono-Regular, Menlo, monospace; width: 46px; height: 30px; border: 0; border-radius: 4px; cursor: pointer; color: var(--text);
  background: color-mix(in srgb, var(--tone) 55%, var(--card)); padding: 0; letter-spacing: -0.03em; }
button.good { background: color-mix(in srgb, var(--tone) var(--s), var(--card)); }
button.worst { background: var(--tone); color: var(--on-worst); font-weight: 700; }
button:hover { filter: brightness(1.08); }
button:focus-visible, button[aria-pressed=true] { outline: 2px solid var(--focus); outline-offset: 1px; }
#detail { margin: 16px 0 32px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
#detail .outcome { color: var(--text); } #detail .outcome b { display: inline-block; padding: 1px 8px; margin-right: 6px; border-radius: 4px; background: color-mix(in srgb, var(--tone) 45%, var(--card)); }
.facts { display: flex; flex-wrap: wrap; gap: 6px 26px; margin: 10px 0 16px; }
.facts div { min-width: 90px; } .facts dt { font-size: 12px; color: var(--dim); } .facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 560px), 1fr)); gap: 20px 28px; }
figure { margin: 0; min-width: 0; } svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--dim); font: 12px system-ui, sans-serif; } svg .axis { stroke: var(--line); } svg .pause { stroke: var(--dim); stroke-dasharray: 2 3; } svg .me { fill: var(--text); font-weight: 650; }
svg .k0 { stroke: var(--sent); } svg .k1 { stroke: var(--repeated); } svg .k2, svg .k3, svg .k5 { stroke: var(--lost); } svg .k4 { stroke: var(--acked); }
svg path.k0, svg path.k1, svg path.k2, svg path.k3, svg path.k4, svg path.k5 { fill: none; }
svg circle { fill: var(--tone); opacity: .8; } svg .row { fill: var(--text); opacity: .06; }
.keys { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 12px; color: var(--dim); margin-top: 4px; }
.keys svg { width: 14px; height: 12px; display: inline-block; margin-right: 5px; vertical-align: -2px; }
.tip { min-height: 1.5em; font-size: 12px; color: var(--dim); font-variant-numeric: tabular-nums; }
code { font: 12px ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
@media (max-width: 600px) { figure { overflow-x: auto; } figure > svg { width: 560px; } }
`
