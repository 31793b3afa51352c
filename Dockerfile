# A Holdfast worker for one host, beside a Temporal server of your own (temporal-docker-compose.yml).
#
#   docker build -t holdfast .
#   docker run -d --name holdfast-data --restart unless-stopped \
#     -v /etc/holdfast:/etc/holdfast:ro -v /var/lib/holdfast:/var/lib/holdfast -v /srv:/srv -v /srv/backups:/srv/backups \
#     holdfast worker --role data
#   docker run -d --name holdfast-control --restart unless-stopped \
#     -v /etc/holdfast:/etc/holdfast:ro -v /var/lib/holdfast:/var/lib/holdfast -v /var/run/docker.sock:/var/run/docker.sock \
#     holdfast worker --role control
#
# The state folder must be a mount: it holds the journal of what was stopped and is owed a start. What plans name must be
# mounted under the same paths as on the host. Debian, not Alpine: Temporal's native part needs glibc.
#
# As which user: reading and restoring other people's files takes root, and so does the Docker socket in effect; therefore the
# image does not choose another user for you. Where all sources can be read by one user, run it as that user
# (`--user 1000:1000`): nothing in here needs root by itself.

FROM node:24.4.1-bookworm-slim AS build
WORKDIR /opt/holdfast
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: it refuses lock files that name optional packages of other platforms. Versions are the locked ones all the same.
RUN npm install --no-save
COPY . .
RUN npm run build && npm prune --omit=dev
# Temporal's native part comes for every platform: 108 MB of it are for others.
RUN own="$(node -p "require('@temporalio/core-bridge/common').getPrebuiltTargetName()")" \
  && test -f "node_modules/@temporalio/core-bridge/releases/$own/index.node" \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$own" -exec rm -r {} +

FROM node:24.4.1-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends \
    acl attr ca-certificates libcap2-bin mariadb-client postgresql-client sqlite3 tar util-linux zstd \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production HOLDFAST_CONFIG=/etc/holdfast/holdfast.yaml
# Less memory and fewer page faults in captures: worker/data-environment.ts says why.
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=8388608 MALLOC_TRIM_THRESHOLD_=16777216
WORKDIR /opt/holdfast
COPY --from=build /opt/holdfast/package.json ./
COPY --from=build /opt/holdfast/bin ./bin
COPY --from=build /opt/holdfast/dist ./dist
COPY --from=build /opt/holdfast/schemas ./schemas
COPY --from=build /opt/holdfast/node_modules ./node_modules
VOLUME ["/var/lib/holdfast"]
# A stop has a minute to end well: give `docker stop` more than its ten seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/holdfast/bin/run.js"]
CMD ["worker", "--role", "data"]
