/** `gatehouse groups`: groups of people, and who is in them. What a file declares is changed in the file. */

import { createLogger } from '../base/log.js'
import { groupSchema } from '../declarations/file-schema.js'
import type { DeclaredGroup } from '../oauth/declared-resource.js'
import { normalizeEmail } from '../oauth/email-address.js'
import { everyone } from '../oauth/groups.js'
import { createGroupMembers, type GroupMember } from '../storage/accounts/group-members.js'
import { createAuditTrail } from '../storage/audit/audit.js'
import type { DeclarationChange, DeclaredState } from '../storage/declarations/declarations.js'
import type { Storage } from '../storage/storage.js'
import {
  type Command,
  loadConfig,
  readArguments,
  type Terminal,
  UsageError,
  writeJson,
  writeLine,
  writeTable,
} from './command.js'
import { withStorage } from './storage.js'

const load = () =>
  Promise.all([
    import('../program/declarations/in-force.js'),
    import('../program/declarations/applying.js'),
    import('../storage/declarations/declarations.js'),
  ])

async function declaredGroups(terminal: Terminal, storage: Storage): Promise<readonly DeclaredGroup[]> {
  const [{ declaredBy }, , { readDeclared }] = await load()
  return declaredBy(loadConfig(terminal), (await readDeclared(storage)).rows).groups ?? []
}

interface ShownMember {
  readonly email: string
  readonly from: string
  readonly place?: string | undefined
}

function membersOf({ name, members, places }: DeclaredGroup, added: readonly GroupMember[]): readonly ShownMember[] {
  const ofFile = [...members].map((email) => ({ email, from: 'file', place: places[`members.${email}`] }))
  return [
    ...ofFile,
    ...added.filter(({ group }) => group === name).map(({ email, source }) => ({ email, from: source })),
  ]
}

async function list(terminal: Terminal, json: boolean): Promise<void> {
  const shown = await withStorage(terminal, async (storage) => {
    const added = await createGroupMembers(storage).list()
    const groups = await declaredGroups(terminal, storage)
    return groups.map((group) => ({ ...group, members: membersOf(group, added) }))
  })
  if (json) return writeJson(terminal, shown)
  if (shown.length === 0) return writeLine(terminal, 'There is no group.')
  const row = ({ name, title, source, places, members }: (typeof shown)[number]) => [
    name,
    title,
    source,
    members.map(({ email }) => email).join(', '),
    places[''] ?? '',
  ]
  writeTable(terminal, [['NAME', 'TITLE', 'FROM', 'MEMBERS', 'PLACE'], ...shown.map(row)])
}

function addressOf(text: string): string {
  const email = normalizeEmail(text)
  if (email === undefined) throw new UsageError(`${JSON.stringify(text)} is not an email address`)
  return email
}

/** Throws if the file says who is in the group. */
function refuseFileMembers({ name, places }: DeclaredGroup): void {
  if (places['members'] === undefined) return
  throw new Error(
    `the members of ${name} are declared at ${places['members']}: change them there, or leave members out to manage them by command`,
  )
}

const found = (groups: readonly DeclaredGroup[], name: string) => groups.find((group) => group.name === name)

/** Changes the group itself; `decide` answers what is written, or `undefined`. */
async function change(
  terminal: Terminal,
  storage: Storage,
  decide: (state: DeclaredState) => Pick<DeclarationChange, 'rows' | 'removed' | 'events'> | undefined,
): Promise<void> {
  const [, { writeDeclarations }] = await load()
  await writeDeclarations(storage, loadConfig(terminal), async (state) => {
    const changed = decide(state)
    return changed && { ...changed, clients: [], removedClients: [] }
  })
}

async function record(
  storage: Storage,
  type: 'group.member_added' | 'group.member_removed',
  group: string,
  email: string,
) {
  const account = await storage.prisma.account.findUnique({ where: { email }, select: { id: true } })
  const audit = createAuditTrail(storage, createLogger('silent'))
  const whose = account === null ? {} : { accountId: account.id }
  await audit.record({ type, ...whose, detail: { group, by: 'command line' } })
}

async function add(
  terminal: Terminal,
  name: string,
  emails: readonly string[],
  title: string | undefined,
): Promise<void> {
  const addresses = emails.map(addressOf)
  const read = groupSchema.safeParse({ name, ...(title !== undefined && { title }) })
  if (!read.success) throw new UsageError(`${read.error.issues[0]?.path.join('.')} ${read.error.issues[0]?.message}`)
  if (name === everyone) throw new UsageError(`${everyone} is everybody with an account`)
  await withStorage(terminal, async (storage) => {
    const known = found(await declaredGroups(terminal, storage), name)
    if (known?.source === 'file' && title !== undefined)
      throw new Error(`${name} is declared at ${known.places['']}: change its title there`)
    if (known !== undefined && addresses.length > 0) refuseFileMembers(known)
    if (known !== undefined && addresses.length === 0 && title === undefined) {
      const place = known.source === 'file' ? `at ${known.places['']}` : 'by command'
      throw new Error(`there is a group ${name} already, declared ${place}`)
    }
    if (known === undefined || title !== undefined) {
      const event = known === undefined ? ('group.added' as const) : ('group.changed' as const)
      await change(terminal, storage, () => ({
        rows: [{ kind: 'group', id: name, source: 'command', payload: JSON.stringify(read.data), places: {} }],
        removed: [],
        events: [{ type: event, detail: { group: name, by: 'command line' } }],
      }))
    }
    const members = createGroupMembers(storage)
    for (const email of addresses) {
      const isNew = await members.add(name, email, 'command')
      if (isNew) await record(storage, 'group.member_added', name, email)
      writeLine(terminal, isNew ? `Added ${email} to ${name}.` : `${email} is in ${name} already.`)
    }
    if (addresses.length === 0)
      writeLine(terminal, known === undefined ? `Added the group ${name}.` : `Changed ${name}.`)
  })
}

/** Throws if a resource names the group. */
async function refuseUsed(terminal: Terminal, state: DeclaredState, name: string): Promise<void> {
  const [{ declaredBy }] = await load()
  const { resources } = declaredBy(loadConfig(terminal), state.rows)
  const user = resources.find(({ access = {} }) => Object.hasOwn(access, name))
  if (user === undefined) return
  const place = user.places[`access.${name}`] ?? user.places['']
  throw new Error(
    `${name} is named by the resource ${user.id}${place === undefined ? '' : ` at ${place}`}: take it out there first`,
  )
}

async function removeGroup(terminal: Terminal, storage: Storage, group: DeclaredGroup): Promise<void> {
  const { name, source, places } = group
  if (source === 'file')
    throw new Error(`${name} is declared at ${places['']}: take it out there, or it would come back`)
  const [, , { readDeclared }] = await load()
  await refuseUsed(terminal, await readDeclared(storage), name)
  await change(terminal, storage, () => ({
    rows: [],
    removed: [{ kind: 'group', id: name }],
    events: [{ type: 'group.removed', detail: { group: name, by: 'command line' } }],
  }))
  await storage.prisma.groupMember.deleteMany({ where: { group: name } })
  writeLine(terminal, `Removed the group ${name}.`)
}

async function remove(terminal: Terminal, name: string, emails: readonly string[]): Promise<void> {
  const addresses = emails.map(addressOf)
  await withStorage(terminal, async (storage) => {
    const group = found(await declaredGroups(terminal, storage), name)
    if (group === undefined) throw new Error(`there is no group ${name}`)
    if (addresses.length === 0) return removeGroup(terminal, storage, group)
    const fixed = addresses.find((email) => group.members.has(email))
    if (fixed !== undefined)
      throw new Error(`${fixed} is in ${name} at ${group.places[`members.${fixed}`]}: take the address out there`)
    const members = createGroupMembers(storage)
    for (const email of addresses) {
      if (!(await members.remove(name, email))) throw new Error(`${email} is not in ${name}`)
      await record(storage, 'group.member_removed', name, email)
      writeLine(terminal, `Removed ${email} from ${name}. It counts from the next refresh on.`)
    }
  })
}

export const groups: Command = {
  name: 'groups',
  summary: 'Groups of people, for the access rules of resources. A member may be added before there is an account.',
  usage: [
    'groups list [--json]',
    'groups add <group> [<email>...] [--title <title>]',
    'groups remove <group> [<email>...]',
  ],
  async run(terminal, args) {
    const { values, positionals } = readArguments(args, { title: { type: 'string' }, json: { type: 'boolean' } })
    const [action, name, ...emails] = positionals
    if (action === 'list' && name === undefined) return list(terminal, values.json ?? false)
    if (action !== 'add' && action !== 'remove') throw new UsageError('say what to do: list, add or remove')
    if (name === undefined) throw new UsageError('say which group, by its name')
    if (action === 'add') return add(terminal, name, emails, values.title)
    await remove(terminal, name, emails)
  },
}
