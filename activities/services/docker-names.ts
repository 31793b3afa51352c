import type Docker from 'dockerode'

/** The name of a container as people write it. */
export const nameOf = (container: Pick<Docker.ContainerInspectInfo, 'Name'>): string =>
  container.Name.replace(/^\//, '')
