/** Reads declaration files by the rules of these settings. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import type { Config } from '../../config/config.js'
import {
  type DeclaredFile,
  FileMistakes,
  type FileRules,
  readDeclarations,
} from '../../declarations/declaration-file.js'
import type { NotesAt } from '../../declarations/resource-entries.js'
import { mostBytes } from '../../declarations/yaml-document.js'
import { notesResource } from '../../notes/notes-resource.js'
import { constantDeclarations } from '../../oauth/declared-resource.js'
import { readOnlyDeclaration } from '../../oauth/resource.js'
import type { DeclaredState } from '../../storage/declarations/declarations.js'
import { clientRules } from '../client-rules.js'
import { declarationsOf } from '../topology.js'
import { groupsByCommand, parsedEntry, urlOf } from './plan.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** A file as it was read. */
export interface FileText {
  /** As the operator named it. */
  readonly path: string
  readonly bytes: Uint8Array
}

export interface JudgedFile {
  readonly declared: DeclaredFile
  /** Of its text and of the secrets that it names: another one means that there is something to apply. */
  readonly hash: string
}

/** The file that is followed, if there is one: GATEHOUSE_FILE, or gatehouse.yaml in the current folder. */
export function followedPath({ GATEHOUSE_FILE: path }: Pick<Config, 'GATEHOUSE_FILE'>): string {
  return path ?? 'gatehouse.yaml'
}

/** Throws FileMistakes if it cannot be read. `undefined` when it is not there and nobody named it. */
export function readFollowed(config: Pick<Config, 'GATEHOUSE_FILE'>): FileText | undefined {
  const path = followedPath(config)
  try {
    return readText(path, { isFollowed: true })
  } catch (error) {
    const isMissing = error instanceof FileMistakes && /ENOENT/.test(error.message)
    if (config.GATEHOUSE_FILE === undefined && isMissing) return undefined
    throw error
  }
}

/** Throws FileMistakes if it cannot be read. `isFollowed`: it is read again and again. */
export function readText(path: string, { isFollowed = false } = {}): FileText {
  const refuse = (why: string) => new FileMistakes([`${path}:1:1: the file cannot be read: ${why}`])
  try {
    const stats = statSync(path)
    // A pipe would stop the whole process until somebody writes.
    if (isFollowed && !stats.isFile() && !stats.isDirectory()) throw refuse('it is no regular file')
    // Not even read: it is refused for its size.
    if (stats.isFile() && stats.size > mostBytes) return { path, bytes: new Uint8Array(mostBytes + 1) }
    return { path, bytes: readFileSync(path) }
  } catch (error) {
    if (error instanceof FileMistakes) throw error
    throw refuse(typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error))
  }
}

/** The notes as these settings let our server offer them. */
export function notesAtOf({ READ_ONLY: readOnly }: Pick<Config, 'READ_ONLY'>): NotesAt {
  return (url, aliases) => {
    const notes = notesResource(url, aliases)
    return readOnly ? readOnlyDeclaration(notes) : notes
  }
}

function rulesOf(config: Config, state: DeclaredState | undefined, engine: FileRules['engine']): FileRules {
  const ofCommands = (state?.rows ?? [])
    .filter(({ kind, source }) => kind === 'resource' && source === 'command')
    .map(({ payload }) => parsedEntry(payload))
    .map((entry) => ({ url: urlOf(entry), aliases: entry.aliases ?? [] }))
  return {
    issuer: config.ISSUER_URL,
    notesAt: notesAtOf(config),
    registrationRules: clientRules(config).registrationRules,
    engine,
    others: (hasResources) => [...ofCommands, ...(hasResources ? [] : declarationsOf(config).resources)],
    sendsMail: config.SMTP_URL !== undefined,
    // Without a database nobody knows which groups commands made.
    otherGroups: state && groupsByCommand(state),
    overruledSettings: config.notesSettings,
    readOnly: config.READ_ONLY,
  }
}

/** Loads the engine: it judges clients as it will when they sign in. */
async function engineOf(config: Config): Promise<FileRules['engine']> {
  const { createClientJudge } = await import('../../authorization-server/engine/provider.js')
  return (assertionIssuers) =>
    createClientJudge({
      ...clientRules(config),
      declarations: constantDeclarations({ ...declarationsOf(config), assertionIssuers }),
    })
}

export interface JudgeOptions {
  readonly environment: Environment
  /** What is declared so far: what commands made may be named. */
  readonly state?: DeclaredState | undefined
  /** False where no client signs in: the file is the MCP server's copy. */
  readonly withClients?: boolean
}

/** Rejects with FileMistakes. */
export async function judgeFile(config: Config, file: FileText, options: JudgeOptions): Promise<JudgedFile> {
  const { environment, state, withClients = true } = options
  const hash = createHash('sha256')
  const take = (bytes: string | Uint8Array) => hash.update(String(bytes.length)).update('\0').update(bytes)
  if (file.bytes.length <= mostBytes) take(file.bytes)
  const variables = new Proxy(environment, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value === 'string') take(value)
      return value
    },
  })
  const sources = {
    readFile: (path: string) => {
      const text = readFileSync(path, 'utf8')
      take(text)
      return text
    },
    environment: variables,
  }
  // A copy beside an MCP server names secrets that only the issuer has.
  const engine = withClients ? await engineOf(config) : undefined
  const rules = { ...rulesOf(config, state, engine), withClients }
  const declared = readDeclarations(file.path, file.bytes, sources, rules)
  return { declared, hash: hash.digest('hex') }
}

/** The mistakes of a file for a page that anybody may read: without the folders of this machine. */
export function publicLines(path: string, lines: readonly string[]): readonly string[] {
  const name = basename(path)
  return lines
    .map((line) => (line.startsWith(path) ? `${name}${line.slice(path.length)}` : line))
    .map((line) => (isAbsolute(path) ? line.replaceAll(resolve(dirname(path)), '…') : line))
}
