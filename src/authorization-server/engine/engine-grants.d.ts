/** The engine's own grants, as it registers them; its type package leaves them out. */
declare module 'oidc-provider/lib/actions/grants/index.js' {
  import type { Provider, TokenEndpointGrantContext } from 'oidc-provider'

  interface EngineGrant {
    /** `helpers`: the functions of `lib/helpers/grants.js`, bound to the provider. */
    readonly handler: (provider: Provider, helpers: object, ctx: TokenEndpointGrantContext) => Promise<void>
    readonly parameters: ReadonlySet<string>
    readonly grantType: string
  }
  export const authorization_code: EngineGrant
  export const client_credentials: EngineGrant
  export const device_code: EngineGrant
  export const refresh_token: EngineGrant
}
