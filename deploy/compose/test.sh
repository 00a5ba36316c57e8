#!/usr/bin/env bash
# `make compose-test`: builds the images, starts the whole stack with the demo, tests it from outside, takes it down.
# Beside what may run here already: a project, ports and volumes of its own. Logs stay in .local/compose-test/.
#   KEEP=1        leave the stack up afterwards
#   PYTEST_ARGS   more words for pytest
#   EXTRA_CA      see deploy/README.md; by default the certificate authorities that were added to this machine
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { echo "compose-test: $*" >&2; exit 1; }

if docker compose version >/dev/null 2>&1; then compose='docker compose'
elif command -v docker-compose >/dev/null; then compose=docker-compose
else fail "neither 'docker compose' nor docker-compose is here: apt-get install docker.io docker-compose"
fi
docker info >/dev/null 2>&1 || fail "no Docker engine answers: start one (as root: dockerd &)"
[ -x .venv/bin/python ] || fail "no .venv here: make setup-tests"

folder=$PWD/.local/compose-test
mkdir -p "$folder"
rm -rf "$folder/logs" "$folder/env"

free_ports() {
  .venv/bin/python -c 'import port_for; print(*(port_for.select_random() for _ in range(5)))'
}
read -r site identity inbox database management < <(free_ports)
COMPOSE_PROJECT_NAME=movie-together-test SITE_PORT=$site IDENTITY_PORT=$identity INBOX_PORT=$inbox \
  DB_PORT=$database RABBITMQ_MANAGEMENT_PORT=$management deploy/compose/make-env "$folder/env"
echo IMAGE_TAG=test >>"$folder/env"
if [ -z "${EXTRA_CA:-}" ] && ls /usr/local/share/ca-certificates/*.crt >/dev/null 2>&1; then
  EXTRA_CA=$(cat /usr/local/share/ca-certificates/*.crt)
fi
export EXTRA_CA=${EXTRA_CA:-}
export COMPOSE_COMMAND="$compose --project-name movie-together-test --env-file $folder/env --profile demo"
export COMPOSE=deploy/compose/waiting

take_down() {
  result=$?
  mkdir -p "$folder/logs"
  for service in $($COMPOSE config --services); do
    $COMPOSE logs --no-color "$service" >"$folder/logs/$service.log" 2>&1 || true
  done
  if [ "${KEEP:-}" ]; then
    echo "compose-test: left up at http://localhost:$site; take it down with: $COMPOSE_COMMAND down -v"
  else
    $COMPOSE down --volumes --remove-orphans --timeout 10 >"$folder/down.log" 2>&1 || cat "$folder/down.log"
  fi
  [ $result = 0 ] || echo "compose-test: failed; logs are in $folder/logs" >&2
  exit $result
}
trap take_down EXIT

echo "compose-test: building the images"
$COMPOSE build >"$folder/build.log" 2>&1 || { tail -n 40 "$folder/build.log" >&2; fail "the build failed: $folder/build.log"; }
echo "compose-test: starting at http://localhost:$site"
$COMPOSE up -d >"$folder/up.log" 2>&1 || { tail -n 40 "$folder/up.log" >&2; fail "the start failed: $folder/up.log"; }
echo "compose-test: everything is healthy, testing"
SITE_URL=http://localhost:$site INBOX_URL=http://localhost:$inbox \
  .venv/bin/python -m pytest tests/e2e/compose tests/e2e/test_watching_together.py ${PYTEST_ARGS:-}
