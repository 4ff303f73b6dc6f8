#!/bin/sh
# Print new secrets as lines for .env:   sh deploy/new_secrets.sh >> .env
# Run it once. Keep FINOPS_ENCRYPTION_KEYS and API_TOKEN_PEPPERS with the backups: without them a restored database
# opens no stored key and no API token.
set -eu

hex() { # so many random bytes
  od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

echo "SECRET_KEY=$(hex 40)"
echo "FINOPS_ENCRYPTION_KEYS=k1:$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')"
echo "API_TOKEN_PEPPERS=1=$(hex 32)"
echo "POSTGRES_PASSWORD=$(hex 24)"
echo "REDIS_PASSWORD=$(hex 24)"
