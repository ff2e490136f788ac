/** The engine's own function that its constructor reads keys with; its type package leaves it out. */
declare module 'oidc-provider/lib/helpers/initialize_keystore.js' {
  import type { ExternalSigningKey, JWK, Provider } from 'oidc-provider'
  /** Checks the keys, then puts them in place of those before, in one step. Throws for keys the engine cannot use. */
  export default function initializeKeystore(
    this: Provider,
    jwks: { readonly keys: readonly (JWK | ExternalSigningKey)[] },
  ): void
}
