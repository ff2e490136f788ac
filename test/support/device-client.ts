/** A program that signs its person in on another device (RFC 8628), in plain fetch. */
import { z } from 'zod'
import { type Grant, requestTokens, type TokenAnswer } from './oauth-client.js'

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'

export const deviceAuthorizationSchema = z.looseObject({
  device_code: z.string(),
  user_code: z.string(),
  verification_uri: z.string(),
  verification_uri_complete: z.string(),
  expires_in: z.number(),
  interval: z.number(),
})
export type DeviceAuthorization = z.infer<typeof deviceAuthorizationSchema>

type DeviceClient = Pick<Grant, 'server' | 'clientId'>

export function askForDeviceCode(
  { server, clientId }: DeviceClient,
  parameters: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const body = new URLSearchParams({ client_id: clientId, ...parameters })
  return fetch(String(server['device_authorization_endpoint']), { method: 'POST', body, headers })
}

export async function startDevice(
  client: DeviceClient,
  parameters: Readonly<Record<string, string>> = {},
): Promise<DeviceAuthorization> {
  const response = await askForDeviceCode(client, parameters)
  if (!response.ok) throw new Error(`the device endpoint answered ${response.status}: ${await response.text()}`)
  return deviceAuthorizationSchema.parse(await response.json())
}

export function poll({ server, clientId }: DeviceClient, deviceCode: string): Promise<TokenAnswer> {
  return requestTokens(server, { grant_type: deviceCodeGrant, client_id: clientId, device_code: deviceCode })
}
