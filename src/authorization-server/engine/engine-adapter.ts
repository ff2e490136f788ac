/** The engine's storage: our adapters with the engine's types, its errors, and what they ask about its request under way. */
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider'
import { createAdapter } from '../../storage/adapter.js'
import type { Payload, RequestUnderWay } from '../../storage/adapter-types.js'
import type { ClientSource } from '../../storage/clients/client-adapter.js'
import type { Storage } from '../../storage/storage.js'
import { rethrowForEngine } from './engine-errors.js'

const requestUnderWay: RequestUnderWay = {
  identity: () => Provider.ctx?.req,
  registration: () => {
    const oidc = Provider.ctx?.oidc
    if (oidc === undefined) return undefined
    return {
      isUpdate: oidc.route === 'client_update',
      registrationAccessToken: oidc.entities.RegistrationAccessToken?.jti,
      initialAccessToken: oidc.entities.InitialAccessToken?.jti,
    }
  },
  forgetDeviceCode: () => {
    const interaction: { deviceCode?: string | undefined } = Provider.ctx?.oidc.entities.Interaction ?? {}
    interaction.deviceCode = undefined
  },
}

/** What was read is what the engine saved, as JSON: its types of the members are the engine's own. */
const asSaved = (payload: Payload | undefined): AdapterPayload | undefined => payload as AdapterPayload | undefined

/** For the engine's `adapter`. */
export function createEngineAdapters(storage: Storage, clientSource?: ClientSource): (model: string) => Adapter {
  return (model) => {
    const adapter = createAdapter(storage, model, clientSource, requestUnderWay)
    return {
      upsert: (id, payload, expiresIn) => adapter.upsert(id, payload, expiresIn).catch(rethrowForEngine),
      find: (id) => adapter.find(id).then(asSaved, rethrowForEngine),
      findByUid: (uid) => adapter.findByUid(uid).then(asSaved, rethrowForEngine),
      findByUserCode: (userCode) => adapter.findByUserCode(userCode).then(asSaved, rethrowForEngine),
      consume: (id) => adapter.consume(id).catch(rethrowForEngine),
      destroy: (id) => adapter.destroy(id).catch(rethrowForEngine),
      revokeByGrantId: (grantId) => adapter.revokeByGrantId(grantId).catch(rethrowForEngine),
    }
  }
}
