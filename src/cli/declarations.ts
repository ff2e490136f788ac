/** `gatehouse plan`, `apply`, `export` and `schema`: what a declaration file would change, does change, and would have to say. */
import { exportedFile, withDeclaredResources } from '../declarations/exported-file.js'
import { fileJsonSchema } from '../declarations/file-schema.js'
import type { StoredGroup } from '../declarations/group-entries.js'
import type { SignUp } from '../oauth/declared-resource.js'
import type { Plan, PlannedChange } from '../program/declarations/plan.js'
import { createGroupMembers, type GroupMember } from '../storage/accounts/group-members.js'
import { type Command, loadConfig, readArguments, type Terminal, UsageError, writeJson, writeLine } from './command.js'
import { withStorage } from './storage.js'

const marks = { add: '+', change: '~', remove: '-' } as const

function writeChanges(terminal: Terminal, changes: readonly PlannedChange[]): void {
  for (const { action, kind, id, members = [], place } of changes) {
    const what = members.length > 0 ? ` (${members.join(', ')})` : ''
    const where = place === undefined || place === '' ? '' : `  ${place}`
    writeLine(terminal, `${marks[action]} ${kind} ${id}${what}${where}`.replace(/\p{C}/gu, '\ufffd'))
  }
}

function onePath(args: readonly string[], name: string): { readonly path: string | undefined; readonly json: boolean } {
  const { values, positionals } = readArguments(args, { json: { type: 'boolean' } })
  if (positionals.length > 1) throw new UsageError(`${name} takes one file`)
  return { path: positionals[0], json: values.json ?? false }
}

/** The file that is named, or the one that is followed. Throws FileMistakes, or an Error if there is none. */
async function fileNamed(terminal: Terminal, path: string | undefined) {
  const { followedPath, readFollowed, readText } = await import('../program/declarations/judging.js')
  const config = loadConfig(terminal)
  const followed = followedPath(config)
  const { resolve } = await import('node:path')
  const isFollowed = path === undefined || resolve(path) === resolve(followed)
  const file = path === undefined ? readFollowed(config) : readText(path)
  if (file === undefined) throw new Error(`there is no ${followed}: name a file, or set GATEHOUSE_FILE`)
  return { config, file, isFollowed, followed }
}

/** The issuer's storage; `undefined` before its first start. */
async function withAnyStorage<T>(
  terminal: Terminal,
  work: (storage: Parameters<Parameters<typeof withStorage>[1]>[0] | undefined) => Promise<T>,
): Promise<T> {
  const [{ hasEmbeddedDatabase }, { isEmbedded }] = await Promise.all([
    import('../program/data-folder.js'),
    import('../program/parts-served.js'),
  ])
  const config = loadConfig(terminal)
  if (isEmbedded(config, 'auth') && !hasEmbeddedDatabase(config, 'auth')) return work(undefined)
  return withStorage(terminal, work)
}

const connections = (count: number) => `${count} ${count === 1 ? 'connection' : 'connections'}`

export const plan: Command = {
  name: 'plan',
  summary: 'What applying a declaration file would change, and every mistake in it. Changes nothing.',
  usage: ['plan [<file>] [--json]'],
  async run(terminal, args) {
    const { path, json } = onePath(args, 'plan')
    const { planOf } = await import('../program/declarations/applying.js')
    const { config, file } = await fileNamed(terminal, path)
    const planned = await withAnyStorage(terminal, (storage) => planOf(storage, config, file, terminal.environment))
    const { changes } = planned.plan
    if (json) return writeJson(terminal, { changes, ends: planned.ends })
    if (changes.length === 0) return writeLine(terminal, 'Nothing would change.')
    writeChanges(terminal, changes)
    writeLine(terminal, `${connections(planned.ends)} would end.`)
  },
}

export const apply: Command = {
  name: 'apply',
  summary: 'Make what the declaration file owns as the file says. Running servers follow within two seconds.',
  usage: ['apply [<file>] [--json]'],
  async run(terminal, args) {
    const { path, json } = onePath(args, 'apply')
    const { applyFile } = await import('../program/declarations/applying.js')
    const { readFollowed } = await import('../program/declarations/judging.js')
    const { config, file, isFollowed, followed } = await fileNamed(terminal, path)
    const options = { environment: terminal.environment, by: 'command line', isFollowed, force: true }
    const applied: Plan | undefined = await withStorage(terminal, (storage) =>
      applyFile(storage, config, file, options),
    )
    const changes = applied?.changes ?? []
    if (json) writeJson(terminal, { changes })
    else if (changes.length === 0) writeLine(terminal, 'Nothing changed.')
    else writeChanges(terminal, changes)
    if (isFollowed) return
    let isThere = true
    try {
      isThere = readFollowed(config) !== undefined
    } catch {
      // One that cannot be read is followed all the same.
    }
    if (isThere) terminal.stderr.write(`warning: ${followed} is followed: this holds until that file changes.\n`)
  },
}

/** With those that commands and invitations added. */
function withMembers(group: StoredGroup, all: readonly GroupMember[]): StoredGroup {
  const added = all.filter((member) => member.group === group.name).map(({ email }) => email)
  return { ...group, members: [...new Set([...(group.members ?? []), ...added])] }
}

export const exportCommand: Command = {
  name: 'export',
  summary: 'Everything that was declared or made by a command, as one declaration file. Secrets are hashes.',
  usage: ['export'],
  async run(terminal, args) {
    if (readArguments(args, {}).positionals.length > 0) throw new UsageError('export takes nothing')
    const [{ knownClients, readDeclared }, { parsedEntry }, { declaredBy, declares }] = await Promise.all([
      import('../storage/declarations/declarations.js'),
      import('../program/declarations/plan.js'),
      import('../program/declarations/in-force.js'),
    ])
    await withStorage(terminal, async (storage) => {
      const [{ rows }, clients, members] = await Promise.all([
        readDeclared(storage),
        knownClients(storage, []),
        createGroupMembers(storage).list(),
      ])
      const config = loadConfig(terminal)
      const isDeclared = declares(config, declaredBy(config, rows))
      const known = clients.flatMap(({ clientId, metadata }) => {
        const left = withDeclaredResources(metadata, isDeclared)
        if (left === undefined)
          terminal.stderr.write(`warning: ${clientId} is left out: its resources are declared no more\n`)
        return left ?? []
      })
      const of = (kind: string) => rows.filter((row) => row.kind === kind).map(({ payload }) => payload)
      terminal.stdout.write(
        exportedFile({
          resources: of('resource').map(parsedEntry),
          signUp: of('sign_up').map((payload) => JSON.parse(payload) as SignUp)[0],
          groups: of('group').map((payload) => withMembers(JSON.parse(payload) as StoredGroup, members)),
          clients: known,
          issuers: of('issuer').map((payload) => JSON.parse(payload)),
          providers: of('provider').map((payload) => JSON.parse(payload)),
        }),
      )
    })
  },
}

export const schema: Command = {
  name: 'schema',
  summary: 'The JSON Schema of a declaration file, for editors.',
  usage: ['schema'],
  async run(terminal, args) {
    if (readArguments(args, {}).positionals.length > 0) throw new UsageError('schema takes nothing')
    writeJson(terminal, fileJsonSchema())
  },
}
