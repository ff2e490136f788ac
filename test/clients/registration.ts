/** How each kind of client comes to its id, and proves it at the token endpoint. */
import { registrationSchema, type ServerMetadata } from '../support/oauth-client.js'
import { clientFetch } from './client-fetch.js'
import type { Credentials } from './operator-clients.js'
import type { ClientShape } from './shape.js'
import type { World } from './world.js'

async function registerDynamically(server: ServerMetadata, shape: ClientShape, body: object): Promise<Credentials> {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  }
  const response = await clientFetch(server.registration_endpoint ?? '', request, shape.origin)
  const text = await response.text()
  if (response.status !== 201) throw new Error(`registration was answered ${response.status}: ${text}`)
  const registered = registrationSchema.parse(JSON.parse(text))
  if (registered['token_endpoint_auth_method'] !== shape.authMethod) {
    throw new Error(`registered with ${registered['token_endpoint_auth_method']}, the client needs ${shape.authMethod}`)
  }
  const { client_id: clientId, client_secret: clientSecret } = registered
  if ((clientSecret === undefined) !== (shape.authMethod === 'none')) {
    throw new Error(`a ${shape.authMethod} client was given ${clientSecret === undefined ? 'no' : 'a'} secret`)
  }
  return { clientId, ...(clientSecret === undefined ? {} : { clientSecret }) }
}

/** Chooses CIMD as real clients do: only when the server says that it understands it, and the client's way to authenticate. */
function checkMetadataDocumentsAreTaken(server: ServerMetadata, { authMethod }: ClientShape): void {
  if (server['client_id_metadata_document_supported'] !== true) throw new Error('metadata documents are not advertised')
  const methods: unknown = server['token_endpoint_auth_methods_supported']
  if (!Array.isArray(methods) || !methods.includes(authMethod)) throw new Error(`${authMethod} is not advertised`)
}

export async function register(world: World, server: ServerMetadata, shape: ClientShape): Promise<Credentials> {
  const { registration } = shape
  switch (registration.kind) {
    case 'dynamic':
      return registerDynamically(server, shape, registration.body)
    case 'metadata document': {
      checkMetadataDocumentsAreTaken(server, shape)
      const { document } = registration
      world.host.publish(document.client_id, document)
      if (document.jwks_uri !== undefined) await world.host.publishKey(document.jwks_uri)
      return { clientId: document.client_id }
    }
    case 'static': {
      const credentials = world.staticClients.get(shape.name)
      if (credentials === undefined) throw new Error('the operator made no such client')
      return credentials
    }
  }
}

interface Authentication {
  readonly parameters: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

/** Client authentication of one token request (RFC 6749 §2.3, RFC 7523 §2.2). `audience`: of a signed assertion. */
export async function authenticate(
  { host }: World,
  shape: ClientShape,
  { clientId, clientSecret = '' }: Credentials,
  audience: string,
): Promise<Authentication> {
  switch (shape.authMethod) {
    case 'none':
      return { parameters: { client_id: clientId }, headers: {} }
    case 'client_secret_post':
      return { parameters: { client_id: clientId, client_secret: clientSecret }, headers: {} }
    case 'client_secret_basic': {
      const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`
      return { parameters: {}, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
    }
    case 'private_key_jwt': {
      const { registration } = shape
      const jwksUri = registration.kind === 'metadata document' ? registration.document.jwks_uri : undefined
      const parameters = {
        client_id: clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await host.signAssertion(jwksUri ?? '', clientId, audience),
      }
      return { parameters, headers: {} }
    }
  }
}
