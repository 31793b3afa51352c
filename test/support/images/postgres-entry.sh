#!/bin/sh
# PostgreSQL 15 as its official image behaves, as far as backups care: PGDATA, POSTGRES_PASSWORD, POSTGRES_DB, PGPORT.
set -e
export PATH=/usr/lib/postgresql/15/bin:/bin PGDATA="${PGDATA:-/var/lib/postgresql/data}"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf '%s' "${POSTGRES_PASSWORD:-postgres}" >/tmp/password
  initdb -D "$PGDATA" -A scram-sha-256 -U postgres --pwfile=/tmp/password --no-sync -E UTF8 --locale=C.UTF-8
  rm /tmp/password
  postgres --single -D "$PGDATA" postgres <<SQL
CREATE DATABASE "${POSTGRES_DB:-postgres_db}";
SQL
fi
exec postgres -D "$PGDATA" -k /var/run/postgresql -c fsync=off -c "listen_addresses=${LISTEN:-}"
