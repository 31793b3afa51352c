import { requireDocker, type DockerForTests } from './docker.js'

/** The Docker daemon for the tests of one file; their containers are gone after the last. Call it in a `describeWith`. */
export function dockerOfFile(): () => DockerForTests {
  let docker: DockerForTests | undefined
  beforeAll(async () => {
    docker = await requireDocker()
  })
  afterAll(() => docker?.stop(), 60_000)
  return () => {
    if (!docker) throw new Error('No Docker daemon before the first test.')
    return docker
  }
}
