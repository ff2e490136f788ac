/** What every measured server is given beforehand: clients, people, and authorization codes that wait to be exchanged. */
import { randomBytes } from 'node:crypto'
import type { AdapterPayload, default as Provider } from 'oidc-provider'
import { codeChallenge, type FlowClient, type Person, requestedScope } from './sign-in-flow.js'

/** More people than workers that sign in: nobody is throttled, and no two workers wait for one person's row. */
export const people: readonly Person[] = Array.from({ length: 16 }, (_, index) => ({
  email: `person-${index}@example.org`,
  password: 'correct horse battery staple',
}))

export const redirectUri = 'https://client.example.org/callback'

export interface Confidential {
  readonly clientId: string
  readonly clientSecret: string
}

/** The client that people sign in to. */
export const publicClient: AdapterPayload & { client_id: string } = {
  client_id: 'bench-public',
  client_name: 'Benchmark',
  application_type: 'web',
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

/** The client that gets tokens for itself and introspects those of `resource`. */
export function confidentialClient(resource: string): AdapterPayload & { client_id: string; client_secret: string } {
  return {
    client_id: 'bench-confidential',
    client_secret: randomBytes(32).toString('base64url'),
    client_name: 'Benchmark',
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    introspects: resource,
  }
}

/** What a client registers with. */
export const registration = JSON.stringify({
  client_name: 'Benchmark',
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1:33418/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
})

/** Codes through the engine's own models, each under a grant of its own, as consent makes them; a few at a time. */
export async function mintCodes(
  provider: Provider,
  { clientId, redirectUri, resource }: FlowClient,
  accountId: string,
  count: number,
): Promise<string[]> {
  const client = await provider.Client.find(clientId)
  if (client === undefined) throw new Error(`there is no client ${clientId}`)
  const one = async () => {
    const grant = new provider.Grant({ accountId, clientId })
    grant.addResourceScope(resource, requestedScope)
    const code = new provider.AuthorizationCode({
      accountId,
      client,
      codeChallenge,
      codeChallengeMethod: 'S256',
      grantId: await grant.save(),
      gty: 'authorization_code',
      redirectUri,
      resource,
      scope: requestedScope,
      // They are used much later than real ones.
      expiresIn: 3600,
    })
    return code.save()
  }
  const codes: string[] = []
  while (codes.length < count) codes.push(...(await Promise.all(Array.from({ length: 20 }, one))))
  return codes
}
