/** What is in force at the issuer, for one command: its database says so, whether or not a server runs. */
import type { Declarations } from '../oauth/declared-resource.js'
import type { Storage } from '../storage/storage.js'
import { loadConfig, type Terminal } from './command.js'

export async function inForce(terminal: Terminal, storage: Storage): Promise<Declarations> {
  // Loaded when needed: `gatehouse help` reads no declarations.
  const [{ declaredBy }, { readDeclared }] = await Promise.all([
    import('../program/declarations/in-force.js'),
    import('../storage/declarations/declarations.js'),
  ])
  return declaredBy(loadConfig(terminal), (await readDeclared(storage)).rows)
}
