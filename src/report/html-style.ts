/** How a report looks: on paper, on a light screen and on a dark one. Severities are told in words as well. */
export const HTML_STYLE = `
:root {
  --ground: #ffffff; --text: #1c1e21; --quiet: #5c636b; --line: #d5d9de; --code: #f4f5f7; --link: #0b57d0;
  --critical: #a50034; --error: #b3261e; --warning: #7a5200; --info: #0b5394; --good: #146c2e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #16181b; --text: #e6e8eb; --quiet: #a3abb5; --line: #3a4048; --code: #1f2327; --link: #8ab4f8;
    --critical: #ff8fab; --error: #ff9a92; --warning: #f2c14e; --info: #8ecbff; --good: #7bd88f;
  }
}
@media print {
  :root {
    --ground: #ffffff; --text: #000000; --quiet: #444444; --line: #999999; --code: #ffffff; --link: #000000;
    --critical: #000000; --error: #000000; --warning: #000000; --info: #000000; --good: #000000;
  }
  h2, h3, h4 { break-after: avoid; }
  tr, li { break-inside: avoid; }
  .wide, pre { overflow: visible; }
  pre { white-space: pre-wrap; font-size: 0.7rem; }
  table { font-size: 0.7rem; }
}
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 75rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0.5rem 0; }
h2 { font-size: 1.3rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
h4 { font-size: 1rem; margin: 1rem 0 0.25rem; }
p { margin: 0.5rem 0; max-width: 50rem; }
ul { margin: 0.25rem 0 0.5rem; padding-left: 1.4rem; max-width: 50rem; }
a { color: var(--link); }
.wide { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { border: 1px solid var(--line); padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
th { background: var(--code); }
th, td { overflow-wrap: normal; }
pre { background: var(--code); border: 1px solid var(--line); padding: 0.6rem; overflow-x: auto; line-height: 1.3; }
pre, td { font-variant-numeric: tabular-nums; }
.quiet { color: var(--quiet); }
.critical { color: var(--critical); }
.error { color: var(--error); }
.warning { color: var(--warning); }
.info { color: var(--info); }
.good { color: var(--good); }
p.critical, p.error, p.warning, p.info, p.good { font-weight: 600; font-size: 1.1rem; }
`;
