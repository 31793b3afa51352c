import { walkPages } from './page-walk.js'
import { walks } from './page-walks.js'

walkPages(walks['pages-away'])
