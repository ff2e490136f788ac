// The generated parts of the manual stand between markers: <!-- name:start --> and <!-- name:end -->. Each name is on one page.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Paths of the pages of the manual, relative to the root of the repository. */
export function manualPages() {
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => `docs/${file}`)
  const others = readdirSync(root).filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md')
  return [...others, 'src/README.md', ...pages.filter((file) => file.endsWith('.md')).sort()]
}

/** The page with the markers of that section: its path, its text, and where the content begins and ends. */
export function findSection(name) {
  const [begin, end] = [`<!-- ${name}:start -->\n`, `<!-- ${name}:end -->`]
  const found = manualPages().flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const [from, to] = [text.indexOf(begin), text.indexOf(end)]
    return from === -1 || to === -1 ? [] : [{ path, text, from: from + begin.length, to }]
  })
  const [section] = found
  if (section === undefined || found.length > 1) throw new Error(`${found.length} pages have the markers of ${name}`)
  return section
}

/** `sections`: new contents by name; everything else stays as it is. */
export function writeSections(sections) {
  for (const [name, content] of Object.entries(sections)) {
    const { path, text, from, to } = findSection(name)
    writeFileSync(join(root, path), `${text.slice(0, from)}${content}\n${text.slice(to)}`)
  }
}
