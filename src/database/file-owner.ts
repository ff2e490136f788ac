/** Whose a file in a folder for everybody is: names there can be guessed, and taken before us. */
import { lstatSync, statSync } from 'node:fs'

/**
 * True when `path` belongs to `user` (this process's), to the owner of `folder` or to root, who can do anything here anyway. False when it is
 * somebody else's, or is not there. Where the system has no user ids (Windows) everything passes.
 */
export function belongsToOwner(path: string, folder: string, user = process.getuid?.()): boolean {
  if (user === undefined) return true
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid
  return owner !== undefined && [user, statSync(folder).uid, 0].includes(owner)
}
