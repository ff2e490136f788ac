/** Declaration files of resources that have little more than a name, and whether an issuer knows one. */
import type { Stack } from '../support/stack.js'

const resource = (name: string) =>
  `  - { url: https://${name}.example.com/mcp, name: ${name}, scopes: { ${name}:use: { title: Use ${name} } } }\n`

export const resourcesNamed = (...names: readonly string[]) => `resources:\n${names.map(resource).join('')}`

/** The client that `knows` asks as. */
export const webClient =
  'clients:\n  - { client_id: web, client_name: Web, redirect_uris: [https://web.example.com/cb] }\n'

/** Whether the issuer knows the resource, by what it says of an authorization request for it. */
export async function knows({ issuer }: Pick<Stack, 'issuer'>, name: string): Promise<boolean> {
  const url = new URL(`${issuer}/authorize`)
  url.search = String(
    new URLSearchParams({
      client_id: 'web',
      redirect_uri: 'https://web.example.com/cb',
      response_type: 'code',
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
      scope: `${name}:use`,
      resource: `https://${name}.example.com/mcp`,
    }),
  )
  const answer = await fetch(url, { redirect: 'manual' })
  return (answer.headers.get('location') ?? '').includes('/interaction/')
}

export async function health({ issuer }: Pick<Stack, 'issuer'>): Promise<object> {
  return (await (await fetch(`${issuer}/health/ready`)).json()) as object
}
