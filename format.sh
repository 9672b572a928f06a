#!/usr/bin/env bash
# Everything that is checked without running the code: style, types, import layers.
#   ./format.sh           fixes and formats what a tool can, then checks
#   ./format.sh --check   changes nothing; exit code 1 when anything is wrong
set -euo pipefail
cd "$(dirname "$0")"

if [[ -x .venv/bin/ruff ]]; then
  PATH="$PWD/.venv/bin:$PATH"
fi

failed=0
run() {
  echo "+ $*"
  "$@" || failed=1 # go on: one run shows all that is wrong
}

case "${1:-}" in
  "")
    run ruff check --fix .
    run ruff format .
    ;;
  --check)
    run ruff check .
    run ruff format --check .
    ;;
  *)
    echo "usage: ./format.sh [--check]" >&2
    exit 2
    ;;
esac
run mypy
run lint-imports
exit "$failed"
