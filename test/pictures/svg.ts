/** Pictures as text: SVG that follows the reader's light or dark mode, says in words what it shows, and has equal bytes for equal input. */

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** In CSS pixels; `weight` and `color` are classes of the style below. */
export function textAt(x: number, y: number, text: string, classes = ''): string {
  return `<text x="${x}" y="${y}"${classes === '' ? '' : ` class="${classes}"`}>${escapeXml(text)}</text>`
}

const style = `
svg { color-scheme: light dark; --ground: #ffffff; --ink: #1c2330; --soft: #566074; --line: #c9d0db; --mark: #0b5cad; --mild: #8fb8de; --good: #1d7a3f; --bad: #b3261e }
@media (prefers-color-scheme: dark) { svg { --ground: #12161d; --ink: #e6eaf1; --soft: #a3adbd; --line: #3a4352; --mark: #6cb2ff; --mild: #2f5f93; --good: #62c588; --bad: #ff8a80 } }
text { font: 13px system-ui, "Segoe UI", "Liberation Sans", sans-serif; fill: var(--ink) }
.mono { font-family: ui-monospace, "SF Mono", Menlo, "Liberation Mono", monospace; font-size: 12.5px; white-space: pre }
.soft { fill: var(--soft) } .strong { font-weight: 600 } .mark { fill: var(--mark) } .good { fill: var(--good) } .bad { fill: var(--bad) }
.label { paint-order: stroke; stroke: var(--ground); stroke-width: 4px }
.middle { text-anchor: middle } .end { text-anchor: end } .small { font-size: 12px }
.ground { fill: var(--ground) } .line { stroke: var(--line); fill: none } .arrow { stroke: var(--ink); fill: none } .back { stroke-dasharray: 5 4 }
.head { fill: var(--ink) } .box { fill: var(--ground); stroke: var(--line) } .bar { fill: var(--mark) } .bar2 { fill: var(--mild) }
`.trim()

export interface Picture {
  readonly width: number
  readonly height: number
  readonly title: string
  /** For people who do not see it. */
  readonly description: string
  readonly body: readonly string[]
}

export function svg({ width, height, title, description, body }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<desc id="description">${escapeXml(description)}</desc>`,
    `<style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n')
}
