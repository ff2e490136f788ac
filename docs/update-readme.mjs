// Writes the generated parts of README.md that need no server: npm run readme
// The settings table comes from the code; test/readme.test.ts fails while it is out of date.
import { existsSync, readFileSync } from 'node:fs'
import { settingsTable } from '../dist/config.js'
import { writeReadme } from './readme-sections.mjs'

const benchTable = new URL('bench-table.md', import.meta.url)
writeReadme({
  settings: settingsTable(),
  ...(existsSync(benchTable) ? { bench: readFileSync(benchTable, 'utf8').trim() } : {}),
})
