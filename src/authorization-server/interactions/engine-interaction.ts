/** The engine's record of one sign-in in progress. */
import type Provider from 'oidc-provider'

export type EngineInteraction = Awaited<ReturnType<Provider['interactionDetails']>>
