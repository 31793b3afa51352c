/** Kinds of sources that a server keeps: dumped while it runs, each dump consistent by itself, restored under a name. */
export const isServerDatabase = (type: string): type is 'postgres' | 'mysql' =>
  type === 'postgres' || type === 'mysql'
