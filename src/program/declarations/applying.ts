/** Plans and applies a file over the database, for servers and commands alike. */
import type { Config } from '../../config/config.js'
import type { DeclaredFile } from '../../declarations/declaration-file.js'
import { providerSecretPurpose, toIdentityProvider } from '../../oauth/identity-provider.js'
import { fileLock } from '../../storage/clients/clients.js'
import {
  accessOf,
  changeDeclared,
  type DeclarationChange,
  type DeclaredState,
  knownClients,
  readDeclared,
} from '../../storage/declarations/declarations.js'
import { endAccessOutside, undeclaredInUse } from '../../storage/grants/end-undeclared.js'
import type { Storage } from '../../storage/storage.js'
import { afterChange, declaredBy, declares } from './in-force.js'
import { type Environment, type FileText, type JudgedFile, judgeFile } from './judging.js'
import { type Plan, planFile } from './plan.js'

export interface ApplyOptions {
  readonly environment: Environment
  /** For the audit trail. */
  readonly by: string
  /** It is the file that is followed: what was applied of it last is written down. */
  readonly isFollowed: boolean
  /** Apply it even if it was applied last. Default: false. */
  readonly force?: boolean
}

function changesNothing({ changes, write }: Plan): boolean {
  return changes.length === 0 && write.rows.length === 0 && write.removed.length === 0
}

/** A secret that did not change keeps its sealed text, so that an unchanged file changes nothing. */
function withSealedSecrets({ secretBox }: Storage, declared: DeclaredFile, { rows }: DeclaredState): DeclaredFile {
  const sealedFor = (id: string, secret: string): string => {
    const row = rows.find((each) => each.kind === 'provider' && each.id === id)
    const known = row && toIdentityProvider(JSON.parse(row.payload)).sealedSecret
    const purpose = providerSecretPurpose(id)
    const isSame = known !== undefined && secretBox.opens(known, purpose) && secretBox.open(known, purpose) === secret
    return isSame ? known : secretBox.seal(secret, purpose)
  }
  const providers = declared.providers.map(({ secret, value, ...each }) => ({
    ...each,
    value: secret === undefined ? value : { ...value, client_secret: sealedFor(each.id, secret) },
  }))
  return { ...declared, providers }
}

async function planOver(
  storage: Storage,
  state: DeclaredState,
  path: string,
  { declared, hash }: JudgedFile,
  { by, isFollowed }: Pick<ApplyOptions, 'by' | 'isFollowed'>,
): Promise<Plan> {
  const ids = declared.clients.map(({ id }) => id)
  const clients = await knownClients(storage, ids)
  return planFile({
    path,
    file: withSealedSecrets(storage, declared, state),
    state,
    clients,
    by,
    ...(isFollowed && { fileHash: hash }),
  })
}

/** What a change of the declarations ends. */
interface Consequences {
  /** Whether a canonical identifier is declared before the change and after it. */
  readonly isDeclared: (identifier: string) => boolean
  /** URLs and patterns that were declared and are no more. */
  readonly gone: readonly string[]
}

function consequencesOf(
  config: Config,
  state: DeclaredState,
  { rows, removed }: Pick<DeclarationChange, 'rows' | 'removed'>,
): Consequences {
  const removedRows = state.rows.filter(({ kind, id }) => removed.some((each) => each.kind === kind && each.id === id))
  const before = declaredBy(config, state.rows)
  const after = declaredBy(config, afterChange(state, rows, removedRows))
  const [was, is] = [declares(config, before), declares(config, after)]
  const urls = new Set(after.resources.map(({ url }) => url))
  return {
    isDeclared: (identifier) => was(identifier) && is(identifier),
    gone: before.resources.map(({ url }) => url).filter((url) => !urls.has(url) && !is(url)),
  }
}

const nothingEnds: Consequences = { isDeclared: () => true, gone: [] }

/** Writes a change, and ends the access to what it takes away, in one transaction. */
export function writeDeclarations<T extends DeclarationChange | undefined>(
  storage: Storage,
  config: Config,
  decide: (state: DeclaredState) => Promise<T>,
): Promise<T> {
  let consequences = nothingEnds
  return changeDeclared(
    storage,
    async (state) => {
      const change = await decide(state)
      if (change !== undefined) consequences = consequencesOf(config, state, change)
      return change
    },
    async (transaction) => void (await endAccessOutside(transaction, consequences.isDeclared, consequences.gone)),
  )
}

/**
 * Ends what a process issued for these resources after another one had taken them away, and before it knew. Looks again under the lock: by
 * now one of them may be declared again, and what was given since is good.
 */
export async function endLateAccess(storage: Storage, config: Config, lost: readonly string[]): Promise<void> {
  await storage.database.exclusively(fileLock, async () => {
    const isDeclared = declares(config, declaredBy(config, (await readDeclared(storage)).rows))
    const gone = lost.filter((url) => !isDeclared(url))
    if (gone.length > 0)
      await storage.prisma.$transaction((transaction) => endAccessOutside(transaction, isDeclared, gone))
  })
}

/**
 * Makes what the file owns as it says. Resolves with what changed; `undefined` if it was applied last and nothing is to be done. Rejects
 * with FileMistakes; nothing is changed then.
 */
export async function applyFile(
  storage: Storage,
  config: Config,
  file: FileText,
  options: ApplyOptions,
): Promise<Plan | undefined> {
  let plan: Plan | undefined
  await writeDeclarations(storage, config, async (state) => {
    const judged = await judgeFile(config, file, { environment: options.environment, state })
    const isLast = options.isFollowed && state.fileHash === judged.hash && options.force !== true
    if (isLast) return undefined
    plan = await planOver(storage, state, file.path, judged, options)
    const isNoted = !options.isFollowed || state.fileHash === judged.hash
    return changesNothing(plan) && isNoted ? undefined : plan.write
  })
  return plan
}

/** What `applyFile` would do, and how many connections would end. Without a database everything is new. */
export async function planOf(
  storage: Storage | undefined,
  config: Config,
  file: FileText,
  environment: Environment,
): Promise<{ readonly plan: Plan; readonly ends: number }> {
  const state = storage === undefined ? { version: 0, fileHash: undefined, rows: [] } : await readDeclared(storage)
  const judged = await judgeFile(config, file, { environment, state })
  const how = { by: 'plan', isFollowed: false }
  if (storage === undefined) {
    return { plan: planFile({ path: file.path, file: judged.declared, state, clients: [], by: how.by }), ends: 0 }
  }
  const plan = await planOver(storage, state, file.path, judged, how)
  const { isDeclared, gone } = consequencesOf(config, state, plan.write)
  const ended = [...gone, ...(await undeclaredInUse(storage.prisma, isDeclared))]
  return { plan, ends: await accessOf(storage, plan.gone.clients, ended) }
}
