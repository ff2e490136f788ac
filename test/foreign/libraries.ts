/** The libraries of `npm run test:foreign`, with the versions that their manifests pin, and the manual's table of them. */
import { readFileSync } from 'node:fs'

interface Library {
  /** As its manifest calls it. */
  readonly names: readonly string[]
  readonly language: 'Python' | 'Go' | 'Java' | 'TypeScript'
  readonly as: string
  readonly test: string
}

export const foreignLibraries: readonly Library[] = [
  { names: ['mcp'], language: 'Python', as: 'MCP client', test: 'mcp-python.test.ts' },
  { names: ['fastmcp'], language: 'Python', as: 'MCP client', test: 'fastmcp.test.ts' },
  { names: ['authlib'], language: 'Python', as: 'sign-in of a Starlette application', test: 'authlib.test.ts' },
  {
    names: ['requests-oauthlib', 'oauthlib'],
    language: 'Python',
    as: 'public client, scope checks left on',
    test: 'requests-oauthlib.test.ts',
  },
  { names: ['github.com/modelcontextprotocol/go-sdk'], language: 'Go', as: 'MCP client', test: 'mcp-go.test.ts' },
  {
    names: ['golang.org/x/oauth2', 'github.com/coreos/go-oidc/v3'],
    language: 'Go',
    as: 'confidential client',
    test: 'go-oidc.test.ts',
  },
  {
    names: ['spring-security-oauth2-client', 'oauth2-oidc-sdk'],
    language: 'Java',
    as: 'sign-in of a Spring Boot application, on Nimbus',
    test: 'spring-security.test.ts',
  },
  {
    names: ['openid-client-5'],
    language: 'TypeScript',
    as: 'registers itself; what NextAuth 4 is built on',
    test: 'openid-client-5.test.ts',
  },
  { names: ['openid-client'], language: 'TypeScript', as: 'registers itself', test: 'openid-client-6.test.ts' },
  {
    names: ['@auth/core'],
    language: 'TypeScript',
    as: 'sign-in of an Auth.js application; what NextAuth 5 is built on',
    test: 'auth-core.test.ts',
  },
]

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')

/** Where a version stands in a manifest, given the name's escaped spelling. */
const manifests: Readonly<Record<Library['language'], readonly [file: string, line: (name: string) => RegExp]>> = {
  Python: ['python/requirements.txt', (name) => new RegExp(`^${name}==(\\S+) \\\\$`, 'm')],
  Go: ['go/go.mod', (name) => new RegExp(`^\\t${name} v(\\S+)$`, 'm')],
  // The manifest names the release of Spring Boot, which chooses the versions.
  Java: ['java/libraries.sha256', (name) => new RegExp(`^[0-9a-f]{64}  ${name}-(\\d[\\d.]*)\\.jar$`, 'm')],
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
    return `| ${versions} | ${language} | ${as} | [${test}](../../test/foreign/${test}) |`
  })
  return ['| library | language | as | test |', '|---|---|---|---|', ...rows].join('\n')
}
