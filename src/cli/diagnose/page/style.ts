/** How the page looks, in light and dark. A colour of the diagrams that is too light for words is mixed with that of the text. */
export const STYLE = `
:root { color-scheme: light dark;
  --bg: #f5f6f8; --card: #ffffff; --text: #1b2027; --dim: #5b6673; --line: #d8dee6; --mark: #fff3c4;
  --good: #1f9d61; --careful: #d9a514; --bad: #d6453d;
  --sent: #2563eb; --again: #d97706; --acked: #0d9488; --evidence: #b4229a; }
@media (prefers-color-scheme: dark) { :root {
  --bg: #0f1317; --card: #171c22; --text: #e5eaf0; --dim: #95a2b0; --line: #2b343e; --mark: #3a3216;
  --good: #2fa868; --careful: #c59a1e; --bad: #e0655d;
  --sent: #6ea0ff; --again: #f2a33c; --acked: #34c3b4; --evidence: #ec7bd8; } }
* { box-sizing: border-box; } [hidden] { display: none !important; }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
main { max-width: 1440px; margin: 0 auto; padding: 20px 24px 40px; }
h1 { font-size: 22px; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 22px 0 8px; overflow-wrap: anywhere; } h3 { font-size: 14px; margin: 0 0 6px; }
h2 .dim, h3 .dim { font-weight: 400; }
p { margin: 0 0 8px; color: var(--dim); max-width: 100ch; overflow-wrap: anywhere; }
.dim { color: var(--dim); } .notice { color: color-mix(in srgb, var(--careful) 50%, var(--text)); }
.transfer { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 0 0 10px; padding: 0 18px; }
.transfer[open] { padding-bottom: 16px; }
summary { cursor: pointer; padding: 10px 0; overflow-wrap: anywhere; }
summary b { display: inline-block; padding: 1px 9px; margin-right: 6px; border-radius: 4px; background: color-mix(in srgb, var(--tone) 26%, var(--card)); }
.good { --tone: var(--good); } .careful { --tone: var(--careful); } .bad { --tone: var(--bad); }
.verdict { color: var(--text); font-size: 16px; max-width: 86ch; margin: 4px 0 10px; }
.holes { color: color-mix(in srgb, var(--bad) 80%, var(--text)); font-weight: 600; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr)); gap: 18px 32px; margin: 14px 0; align-items: start; }
.cause { border-left: 3px solid var(--line); padding-left: 12px; margin-bottom: 14px; }
.cause:first-child { border-color: var(--evidence); }
.cause ul { margin: 0 0 8px; padding-left: 18px; }
code { font: 0.92em ui-monospace, SFMono-Regular, Menlo, monospace; }
.chip { font: 12px ui-monospace, SFMono-Regular, Menlo, monospace; border: 1px solid var(--line); border-radius: 4px; background: none; color: var(--text); padding: 0 5px; cursor: pointer; }
.chip:hover { border-color: var(--evidence); color: var(--evidence); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0; } .facts div { display: contents; }
.facts dt { color: var(--dim); } .facts dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
figure { margin: 0; min-width: 0; } .columns figure { margin-bottom: 18px; } .facts { margin-bottom: 18px; } svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--dim); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; } svg .axis { stroke: var(--line); }
.ladder { max-width: 640px; } .ladder text { text-anchor: middle; fill: var(--text); } .ladder .who { font-weight: 650; }
.ladder .life { stroke: var(--line); stroke-width: 2; } .ladder .gap { stroke: var(--card); stroke-width: 4; stroke-dasharray: 4 4; }
.ladder text.pause { fill: var(--dim); font-style: italic; } .ladder text.time { text-anchor: end; fill: var(--dim); } .ladder text.number { text-anchor: start; fill: var(--dim); }
.ladder .marked { fill: var(--mark); }
.ladder g line { stroke: var(--tone); stroke-width: 1.6; } .ladder g path { fill: var(--tone); }
.ladder .sent { --tone: var(--sent); } .ladder .again { --tone: var(--again); } .ladder .acked { --tone: var(--acked); } .ladder .plain { --tone: var(--dim); }
.histogram .bar { fill: var(--acked); } .histogram text { text-anchor: middle; } .histogram .edge { text-anchor: start; } .histogram .value { fill: var(--text); }
.plot svg { cursor: crosshair; touch-action: none; user-select: none; }
.plot .sent { stroke: var(--sent); } .plot .again { stroke: var(--again); } .plot .acked { stroke: var(--acked); } .plot .other { stroke: var(--dim); } .plot .evidence { stroke: var(--evidence); }
.plot path { fill: none; } .plot .drag { fill: var(--sent); opacity: .15; }
.bar-of-buttons { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 6px; align-items: center; }
.bar-of-buttons button { font: 13px system-ui, sans-serif; color: var(--text); background: none; border: 1px solid var(--line); border-radius: 5px; padding: 2px 9px; cursor: pointer; }
.bar-of-buttons button:hover:enabled { border-color: var(--dim); } button:disabled { opacity: .4; cursor: default; }
button:focus-visible, summary:focus-visible { outline: 2px solid var(--text); outline-offset: 1px; }
.keys { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 12px; color: var(--dim); margin-top: 4px; }
.keys svg { width: 14px; height: 12px; display: inline-block; margin-right: 5px; vertical-align: -2px; }
.tip { min-height: 1.5em; font-size: 12px; color: var(--dim); font-variant-numeric: tabular-nums; margin: 4px 0 0; }
.scroll { max-height: 420px; overflow: auto; border: 1px solid var(--line); border-radius: 6px; margin-top: 6px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; background: var(--card); text-align: left; color: var(--dim); font-weight: 500; box-shadow: 0 1px var(--line); }
th, td { padding: 2px 12px; white-space: nowrap; } th:nth-child(-n+3), td:nth-child(-n+3) { text-align: right; }
td.sent { color: var(--sent); } td.again { color: color-mix(in srgb, var(--again) 65%, var(--text)); } td.acked { color: color-mix(in srgb, var(--acked) 65%, var(--text)); }
.replay { margin-bottom: 18px; } .replay .scroll { max-height: none; width: fit-content; max-width: 100%; } .replay .said { color: var(--text); } .replay table { width: auto; min-width: min(100%, 640px); }
.replay th, .replay td { text-align: left; padding: 4px 14px; } .replay th:nth-child(n), .replay td:nth-child(n) { text-align: left; } .replay tbody th { position: static; color: var(--text); font-weight: 500; box-shadow: none; }
.replay .mark { padding: 1px 8px; border-radius: 4px; background: color-mix(in srgb, var(--tone) 26%, var(--card)); }
tr.evidence td { background: var(--mark); } tr.left td { color: var(--dim); font-style: italic; text-align: left; }
@media (max-width: 600px) {
  main { padding: 16px 10px 30px; } .transfer { padding: 0 12px; }
  /* Drawn 620 wide: on a phone it is scrolled, as its words could not be read at half the size. */
  figure { overflow-x: auto; } .ladder, .histogram { width: 560px; } .plot svg text { font-size: 18px; }
}
`
