import { manyDatabases } from './page-scenes-databases.js'
import { severalHosts } from './page-scenes-hosts.js'
import { nasOffsite } from './page-scenes-nas.js'
import { composeShop, lostNotes, movedShop, sqliteNotes, type Scene } from './page-scenes.js'

/** The pages that are run, by the test file that runs them. */
export const walks = {
  'pages-compose': {
    'docs/getting-started.md': composeShop,
    'docs/cases/compose-postgres.md': composeShop,
    'docs/operations.md': movedShop,
  },
  'pages-databases': {
    'docs/cases/sqlite.md': sqliteNotes,
    'docs/cases/many-databases.md': manyDatabases,
  },
  'pages-away': {
    'docs/cases/nas-offsite.md': nasOffsite,
    'docs/cases/several-hosts.md': severalHosts,
    'docs/restore.md': lostNotes,
  },
} satisfies Record<string, Readonly<Record<string, Scene>>>
