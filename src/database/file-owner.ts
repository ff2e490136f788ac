/** Checks the owner of a file in a world-writable folder: another user can guess names there and create the file first. */
import { lstatSync, statSync } from 'node:fs'

/**
 * True when `path` belongs to `user` (this process's), to the owner of `folder` or to root, who can do anything anyway. False if it belongs
 * to somebody else or does not exist. On systems without user ids (Windows) every file passes.
 */
export function belongsToOwner(path: string, folder: string, user = process.getuid?.()): boolean {
  if (user === undefined) return true
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid
  return owner !== undefined && [user, statSync(folder).uid, 0].includes(owner)
}
