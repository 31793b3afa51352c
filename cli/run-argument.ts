import { Args } from '@oclif/core'

export const runArgument = Args.string({
  description: 'Id of the run, or of its backup.',
  required: true,
})
