#!/bin/sh
# Write the whole database into FILE:   sh deploy/backup.sh FILE
#
# Pages and refreshes go on meanwhile: what is written is the database at one instant. Whatever opens stored keys and
# tokens (FINOPS_ENCRYPTION_KEYS, API_TOKEN_PEPPERS) is not in it: keep .env, in another place.
# ON_POSTGRES says how PostgreSQL's own programs are reached, where that is not Compose.
set -eu
umask 077

if [ $# -ne 1 ]; then
  echo "Say where to: sh deploy/backup.sh FILE" >&2
  exit 2
fi
file=$1
on_postgres=${ON_POSTGRES-docker compose exec -T postgres}
trap 'rm -f "$file.part"' EXIT

$on_postgres pg_dump --username=finops --dbname=finops --format=custom --no-owner --no-privileges >"$file.part"
# Read it to its end once: a backup that cannot be read is none.
$on_postgres pg_restore --file=/dev/null <"$file.part"
mv "$file.part" "$file"
echo "Written: $file ($(wc -c <"$file" | tr -d ' ') bytes)."
