// Writes the generated parts of README.md between their markers: npm run readme
// The settings table comes from the code; test/readme.test.ts fails while it is out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { settingsTable } from '../dist/config.js'

const readme = new URL('../README.md', import.meta.url)

function replaceBetween(text, name, content) {
  const [begin, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to === -1) throw new Error(`README.md lacks the markers of ${name}`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}

let text = replaceBetween(readFileSync(readme, 'utf8'), 'settings', settingsTable())
const benchTable = new URL('bench-table.md', import.meta.url)
if (existsSync(benchTable)) text = replaceBetween(text, 'bench', readFileSync(benchTable, 'utf8').trim())
writeFileSync(readme, text)
