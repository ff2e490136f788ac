// The generated parts of README.md stand between markers: <!-- name:start --> and <!-- name:end -->.
import { readFileSync, writeFileSync } from 'node:fs'

const readme = new URL('../README.md', import.meta.url)

function replaceBetween(text, name, content) {
  const [begin, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to === -1) throw new Error(`README.md lacks the markers of ${name}`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}

/** `sections`: new contents by name; the other parts stay as they are. */
export function writeReadme(sections) {
  const text = Object.entries(sections).reduce(
    (text, [name, content]) => replaceBetween(text, name, content),
    readFileSync(readme, 'utf8'),
  )
  writeFileSync(readme, text)
}
