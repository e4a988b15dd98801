/** How the page of the bench looks, in light and dark, on paper and on a phone. */
export const STYLE = `
:root { color-scheme: light dark;
  --bg: #f5f6f8; --card: #ffffff; --text: #1b2027; --dim: #5b6673; --line: #dde2e9; --good: #17804d; --bad: #b3372f; --goodbg: #e3f4ea; --badbg: #fbe7e5;
  --batch: #1d5fd6; --dgram: #8db4f2; --hpa: #c77414; --atftpd: #0f8f83; --dnsmasq: #9147c9; }
@media (prefers-color-scheme: dark) { :root {
  --bg: #0f1317; --card: #171c22; --text: #e5eaf0; --dim: #9aa6b3; --line: #2b343e; --good: #4fc98a; --bad: #f08b83; --goodbg: #16301f; --badbg: #3a1d1b;
  --batch: #5c97ff; --dgram: #4f77bb; --hpa: #d98a33; --atftpd: #2fb3a6; --dnsmasq: #b57be6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 1160px; margin: 0 auto; padding: 22px 20px 0; }
main { padding-bottom: 40px; }
h1 { font-size: 25px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 34px 0 2px; } h3 { font-size: 15px; margin: 0 0 8px; }
p { margin: 0 0 10px; color: var(--dim); max-width: 90ch; }
.warn { background: var(--badbg); color: var(--text); padding: 8px 14px; border-radius: 8px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 14px; margin-top: 12px; }
.wide { grid-template-columns: repeat(auto-fill, minmax(min(100%, 430px), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; min-width: 0; }
.card .hint { font-weight: 400; color: var(--dim); font-size: 13px; white-space: nowrap; }
.card p { margin: 10px 0 0; font-size: 13px; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(min(100%, 190px), 1fr)); }
.tile b { display: block; font-size: 27px; line-height: 1.2; letter-spacing: -0.02em; } .tile span { color: var(--dim); font-size: 14px; display: block; }
.bar { display: grid; grid-template-columns: 122px 1fr 86px; align-items: center; gap: 2px 8px; font-size: 13px; min-height: 30px; }
.bar b { font-weight: 500; } .bar svg { width: 100%; height: 18px; display: block; overflow: visible; }
.bar .number { font-variant-numeric: tabular-nums; line-height: 1.15; } .bar .number small { display: block; font-size: 11px; color: var(--dim); white-space: nowrap; }
.bar .note { grid-column: 2 / -1; color: var(--dim); font-size: 12px; line-height: 1.3; padding-bottom: 3px; overflow-wrap: anywhere; }
rect.batch, circle.batch { fill: var(--batch); } rect.dgram { fill: var(--dgram); } rect.hpa { fill: var(--hpa); } rect.atftpd { fill: var(--atftpd); } rect.dnsmasq { fill: var(--dnsmasq); } rect.other { fill: var(--dim); }
rect.pale { opacity: .35; }
.range { stroke: var(--text); stroke-width: 1; fill: none; vector-effect: non-scaling-stroke; opacity: .75; }
.limit { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 3 3; vector-effect: non-scaling-stroke; opacity: .8; }
g.batch, .key.batch { --tone: var(--batch); } g.dgram, .key.dgram { --tone: var(--dgram); } g.hpa, .key.hpa { --tone: var(--hpa); }
g.atftpd, .key.atftpd { --tone: var(--atftpd); } g.dnsmasq, .key.dnsmasq { --tone: var(--dnsmasq); } g.other, .key.other { --tone: var(--dim); }
.curve { width: 100%; max-width: 560px; height: auto; display: block; } .curve text { fill: var(--dim); font: 12px system-ui, sans-serif; } .curve .axis { stroke: var(--line); }
.curve .line { stroke: var(--tone); stroke-width: 2.2; fill: none; stroke-linejoin: round; } .curve .spread { stroke: var(--tone); stroke-width: 1; } .curve circle { fill: var(--tone); }
.keys { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; color: var(--dim); margin-top: 4px; }
.key::before { content: ''; display: inline-block; width: 14px; height: 4px; border-radius: 2px; background: var(--tone); margin-right: 6px; vertical-align: 3px; }
.met, .missed, .open { display: inline-block; border-radius: 5px; padding: 0 7px; font-size: 12.5px; font-weight: 600; white-space: nowrap; }
.met { color: var(--good); background: var(--goodbg); } .missed { color: var(--bad); background: var(--badbg); } .open { color: var(--dim); background: var(--bg); }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 6px 14px; margin-top: 12px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; } tr:last-child > * { border-bottom: 0; }
thead th { color: var(--dim); font-weight: 500; } tbody th { font-weight: 500; } td.best { font-weight: 700; } td small { color: var(--dim); }
ul { margin: 8px 0; padding-left: 20px; color: var(--dim); font-size: 14px; } li { margin: 3px 0; overflow-wrap: anywhere; }
@media (max-width: 480px) { header, main { padding-left: 12px; padding-right: 12px; } .bar { grid-template-columns: 108px 1fr 82px; } .card { padding: 12px; } }
`
