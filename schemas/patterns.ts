// Apart from the schemas: what works with plans needs these, and not the library that the schemas are written with.

export const NAME_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$'
export const DURATION_PATTERN = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$'
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)?([kMGT]B|[KMGT]iB)$'
export const RATE_PATTERN = '^[0-9]+(\\.[0-9]+)?([kMGT]B|[KMGT]iB)/s$'
/** What may stand for a secret in the environment: a value with other characters is the secret itself, by mistake. */
export const VARIABLE_PATTERN = '^[A-Za-z_][A-Za-z0-9_]*$'
/** Whole percents, from 1 to 100. */
export const PERCENT_PATTERN = '^(100|[1-9][0-9]?)%$'
/** Whole percents, or a whole number up to 1000. */
export const SAMPLE_PATTERN = '^((100|[1-9][0-9]?)%|1000|[1-9][0-9]{0,2})$'
export const PATH_PATTERN = '^/'
/** Of a key: eight bytes in hex. */
export const KEY_ID_PATTERN = '^[0-9a-f]{16}$'
/** `key` or `key=value`, as Docker takes them; a value may hold anything but control characters. */
export const LABEL_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_./-]*(=[^\\u0000-\\u001f]*)?$'
/** In a hold: more do not stop together within a downtime that anybody accepts. */
export const MOST_SERVICES = 50
export const VOLUME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.-]*$'
/** After systemd its names of units; after docker, a slash parts Compose project and service. */
export const SERVICE_PATTERN =
  '^(docker:[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?' +
  '|(command|lxc):[A-Za-z0-9][A-Za-z0-9_.-]*|systemd:[A-Za-z0-9_][A-Za-z0-9:_.@\\\\-]*\\.service)$'
