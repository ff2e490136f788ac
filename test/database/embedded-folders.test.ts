import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { holdsDatabase, prepareEmbeddedFolders } from '../../src/database/embedded-folders.js'
import { openEmbeddedDatabase } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'

describe('Embedded databases of a first start', () => {
  it('are made where there is no image, and each opens by itself', async () => {
    const parent = temporaryFolder('first-start')
    const folders = ['auth', 'notes'].map((name) => join(parent, name))
    await prepareEmbeddedFolders(folders, null)
    for (const folder of folders) {
      expect([holdsDatabase(folder), existsSync(`${folder}.unfinished`)]).toEqual([true, false])
      const database = await openEmbeddedDatabase(folder)
      await database.ping()
      await database.close()
    }
  })
})
