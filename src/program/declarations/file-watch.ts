/**
 * Notices that the followed file has other content. Looks at the content itself, so that writing in place, renaming over and switching a
 * symbolic link are the same to it. Content counts once it was seen twice: an editor may be half-way.
 */
import { FileMistakes } from '../../declarations/declaration-file.js'
import type { FileText } from './judging.js'

/** How often the file is read, in seconds. */
export const lookSeconds = 0.3

export interface FileWatch {
  /** Reads the file; calls `use`, which never throws, if it is to be used. One that answers false is called again. */
  look(): Promise<void>
}

/** `FileMistakes`: the file cannot be read. `undefined`: it is not there, and need not be. */
export type Seen = FileText | FileMistakes | undefined

function isSame(one: Seen, other: Seen): boolean {
  if (one === undefined || other === undefined) return one === other
  if (one instanceof FileMistakes || other instanceof FileMistakes)
    return one instanceof FileMistakes && other instanceof FileMistakes && one.message === other.message
  return Buffer.from(one.bytes).equals(other.bytes)
}

/** `first`: what was used at the start. */
export function createFileWatch(
  read: () => FileText | undefined,
  first: Seen,
  use: (seen: Seen) => Promise<boolean>,
): FileWatch {
  let used = first
  let before = first
  const readNow = (): Seen => {
    try {
      return read()
    } catch (error) {
      if (error instanceof FileMistakes) return error
      throw error
    }
  }
  return {
    look: async () => {
      const seen = readNow()
      const isSettled = isSame(seen, before)
      before = seen
      if (!isSettled || isSame(seen, used)) return
      if (await use(seen)) used = seen
    },
  }
}
