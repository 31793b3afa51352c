import { unknownCommand } from '../../cli/unknown-command.js'

const known = [
  { words: 'status', flags: ['watch'] },
  { words: 'backup create', flags: ['source'] },
  { words: 'backup list', flags: ['plan'] },
  { words: 'journal settle', flags: ['start'] },
]

test.each([
  [
    'a word too many',
    ['status', 'extra'],
    '"holdfast status" takes no "extra".',
    'See: holdfast status --help',
  ],
  [
    'a plan where a flag takes it',
    ['backup', 'list', 'my plan', '--json'],
    '"holdfast backup list" takes no "my plan".',
    'For the plan: --plan my plan. See: holdfast backup list --help',
  ],
  [
    'a reference with a colon',
    ['journal', 'settle', 'docker:shop'],
    '"holdfast journal settle" takes no "docker:shop".',
    'See: holdfast journal settle --help',
  ],
  [
    'a typing error before an argument',
    ['backup', 'creat', 'shop'],
    'There is no command "backup creat shop".',
    'Did you mean "backup create"?',
  ],
  [
    'a flag before the command',
    ['-q', 'status'],
    '"-q" stands before the command: flags come after it.',
    'Such as: holdfast status --quiet. See: holdfast --help',
  ],
  ['nothing like it', ['frobnicate'], 'There is no command "frobnicate".', 'See: holdfast --help'],
])('%s is told as what it is', (_, argv, message, hint) => {
  expect(unknownCommand(argv, known)).toMatchObject({ code: 'flag.invalid', message, hint })
})
