/** The code examples of the manual: each is a file that a test runs, shown with the names that users import. */
import { readFileSync } from 'node:fs'

const inJourneys = (name: string) => ['ts', `journeys/examples/${name}.ts`] as const

/** By the section that shows it: the language of the block, and the file below test/. */
const files = {
  'koa-scopes': inJourneys('koa-scopes'),
  'hono-streams': inJourneys('hono-streams'),
  'opaque-tokens': inJourneys('opaque-tokens'),
  'repaired-metadata': inJourneys('repaired-metadata'),
  'two-resources': inJourneys('two-resources'),
  'revocation-feed': inJourneys('revocation-feed'),
  'issuer-front': inJourneys('issuer-front'),
  'python-server': ['python', 'foreign/python/guarded_server.py'],
  'go-server': ['go', 'foreign/go/cmd/guarded/main.go'],
} as const

export type ExampleName = keyof typeof files
export const exampleNames = Object.keys(files) as ExampleName[]

/** By the room that each package is made of. */
const packageNames: Readonly<Record<string, string>> = {
  'resource-server': 'gatehouse-guard',
  'issuer-front': 'gatehouse-issuer-front',
}

/** The fenced block, without the file's first line, which is a comment for us. */
export function exampleBlock(name: ExampleName): string {
  const [language, file] = files[name]
  const [, ...lines] = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
  const shown = lines
    .join('\n')
    .trim()
    .replaceAll(
      /'\.\.\/\.\.\/\.\.\/src\/(resource-server|issuer-front)((?:\/\w+)?)\.js'/g,
      (_, room: string, file: string) => `'${packageNames[room]}${file}'`,
    )
    .replaceAll('/index', '')
  return `\`\`\`${language}\n${shown}\n\`\`\``
}
