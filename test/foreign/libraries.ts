/** The libraries of `npm run test:foreign`, with the versions that their manifests pin, and the README's table of them. */
import { readFileSync } from 'node:fs'

interface Library {
  /** As its registry calls it. */
  readonly names: readonly string[]
  readonly language: 'Python' | 'Go' | 'TypeScript'
  readonly as: string
  readonly test: string
}

export const foreignLibraries: readonly Library[] = [
  { names: ['mcp'], language: 'Python', as: 'MCP client', test: 'mcp-python.test.ts' },
  { names: ['fastmcp'], language: 'Python', as: 'MCP client', test: 'fastmcp.test.ts' },
  {
    names: ['github.com/modelcontextprotocol/go-sdk'],
    language: 'Go',
    as: 'MCP client',
    test: 'mcp-go.test.ts',
  },
]

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')

/** Where a version stands in a manifest, given the name's escaped spelling. */
const manifests: Readonly<Record<Library['language'], readonly [file: string, line: (name: string) => RegExp]>> = {
  Python: ['python/requirements.txt', (name) => new RegExp(`^${name}==(\\S+) \\\\$`, 'm')],
  Go: ['go/go.mod', (name) => new RegExp(`^\\t${name} v(\\S+)$`, 'm')],
  TypeScript: ['typescript/package.json', (name) => new RegExp(`"${name}": "(?:npm:[^"]*@)?([^"@]+)"`)],
}

/** The pinned version. Throws an Error if the manifest of the language does not name the library. */
export function pinnedVersion(language: Library['language'], name: string): string {
  const [file, line] = manifests[language]
  const version = line(name.replaceAll('.', '\\.')).exec(read(file))?.[1]
  if (version === undefined) throw new Error(`test/foreign/${file} does not pin ${name}`)
  return version
}

export function foreignTable(): string {
  const rows = foreignLibraries.map(({ names, language, as, test }) => {
    const versions = names.map((name) => `\`${name}\` ${pinnedVersion(language, name)}`).join(' with ')
    return `| ${versions} | ${language} | ${as} | [${test}](test/foreign/${test}) |`
  })
  return ['| library | language | as | test |', '|---|---|---|---|', ...rows].join('\n')
}
