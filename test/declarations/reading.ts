/** Reads texts as declaration files of an issuer on localhost, without an engine. */
import {
  type DeclaredFile,
  FileMistakes,
  type FileRules,
  readDeclarations,
} from '../../src/declarations/declaration-file.js'
import { notesResource } from '../../src/notes/notes-resource.js'

export const rules: FileRules = {
  issuer: 'http://localhost:3000',
  notesAt: notesResource,
  registrationRules: { allowedPrivateUseRedirects: new Set() },
  others: (hasResources) => (hasResources ? [] : [{ url: 'http://localhost:4000/mcp', aliases: [] }]),
  overruledSettings: [],
}

const secrets = {
  readFile: () => 'a-secret-of-twenty-four-characters',
  environment: { WORKER_SECRET: 'another-secret-of-24-characters' },
}

export function read(text: string | Uint8Array, changed: Partial<FileRules> = {}): DeclaredFile {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  return readDeclarations('gatehouse.yaml', bytes, secrets, { ...rules, ...changed })
}

/** Empty if the file is sound. */
export function mistakesOf(text: string | Uint8Array, changed: Partial<FileRules> = {}): readonly string[] {
  try {
    read(text, changed)
    return []
  } catch (error) {
    if (error instanceof FileMistakes) return error.lines
    throw error
  }
}
