#!/bin/sh
# Put the database of FILE in the place of the one in use:   sh deploy/restore.sh FILE
#
# FILE is read into a database of its own first, so that one that cannot be read changes nothing. The database in use
# stays as finops_before_restore until the next restore. Web, worker and beat are ended for it and started after it.
# ON_POSTGRES says how PostgreSQL's own programs are reached, END and START how the product is ended and started, where
# that is not Compose.
set -eu

if [ $# -ne 1 ] || [ ! -r "$1" ]; then
  echo "Say what from, a file that can be read: sh deploy/restore.sh FILE" >&2
  exit 2
fi
file=$1
on_postgres=${ON_POSTGRES-docker compose exec -T postgres}
end=${END-docker compose --profile interactive stop web worker worker-interactive beat}
start=${START-docker compose up --detach --wait}

$on_postgres dropdb --username=finops --if-exists finops_restoring
$on_postgres createdb --username=finops finops_restoring
$on_postgres pg_restore --username=finops --dbname=finops_restoring --no-owner --exit-on-error --single-transaction <"$file"
$on_postgres psql --username=finops --dbname=finops_restoring --quiet --command=ANALYZE

$end
$on_postgres dropdb --username=finops --if-exists --force finops_before_restore
$on_postgres psql --username=finops --dbname=postgres --quiet --set=ON_ERROR_STOP=1 \
  --command="SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'finops'" \
  --command='ALTER DATABASE finops RENAME TO finops_before_restore' \
  --command='ALTER DATABASE finops_restoring RENAME TO finops' >/dev/null
$start
echo "Restored from $file. What was there before is the database finops_before_restore."
