/** The engine's own adapter, from inside its package: it is what the engine's tests run on, so it shows what is promised. */
import type { Adapter } from 'oidc-provider'
// @ts-expect-error the package ships no types for it
import { createMemoryAdapter as create } from '../../node_modules/oidc-provider/lib/adapters/memory_adapter.js'

export function createMemoryAdapter(): (model: string) => Adapter {
  return create(15)
}
