/** GitHub signs people in by OAuth, without OpenID Connect: who they are is asked of its API. GitHub Enterprise Server is the same elsewhere. */
import type * as openid from 'openid-client'
import { z } from 'zod'
import type { IdentityProvider } from '../../oauth/identity-provider.js'
import { identityOf, type ProviderIdentity } from './provider-identity.js'

const person = z.object({ id: z.int().positive(), name: z.string().nullish() })

const addresses = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }))

/** `site`: `https://github.com`, or an Enterprise Server. */
export function gitHubMetadata(site: string): openid.ServerMetadata {
  return {
    issuer: site,
    authorization_endpoint: `${site}/login/oauth/authorize`,
    token_endpoint: `${site}/login/oauth/access_token`,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  }
}

const apiOf = (site: string): string => (site === 'https://github.com' ? 'https://api.github.com' : `${site}/api/v3`)

/** The account's number is its `sub`: names of GitHub change hands. */
export async function readGitHubPerson(
  client: typeof openid,
  configuration: openid.Configuration,
  provider: IdentityProvider,
  accessToken: string,
): Promise<ProviderIdentity> {
  const ask = async (path: string): Promise<unknown> => {
    const headers = new Headers({ accept: 'application/vnd.github+json', 'user-agent': 'gatehouse' })
    const url = new URL(`${apiOf(provider.issuer)}${path}`)
    const answer = await client.fetchProtectedResource(configuration, accessToken, url, 'GET', undefined, headers)
    if (answer.status !== 200) throw new Error(`the API of GitHub answered with status ${answer.status}`)
    return answer.json()
  }
  const { id, name } = person.parse(await ask('/user'))
  const primary = addresses.parse(await ask('/user/emails')).find((address) => address.primary)
  return identityOf(
    provider,
    { issuer: provider.issuer, subject: String(id) },
    { name, email: primary?.email, email_verified: primary?.verified },
  )
}
